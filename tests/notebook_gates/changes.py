"""Changes to the cells of a chapter, each by one hand."""

import nbformat


def cell_with(cells, words):
    return next(cell for cell in cells if words in cell.source)


def edit(words, old, new, count=-1):
    def change(cells):
        cell = cell_with(cells, words)
        assert old in cell.source
        cell.source = cell.source.replace(old, new, count)

    return change


def set_output(words, **data):
    def change(cells):
        cell_with(cells, words).outputs = [nbformat.v4.new_output("display_data", data)]

    return change


def set_stream(words, text, name="stdout"):
    def change(cells):
        output = nbformat.v4.new_output("stream", name=name, text=text)
        cell_with(cells, words).outputs = [output]

    return change


def set_error(cells):
    error = {"ename": "ValueError", "evalue": "no", "traceback": ["ValueError: no"]}
    cell_with(cells, "twice 21").outputs = [nbformat.v4.new_output("error", **error)]


def unexecute(cells):
    for cell in cells:
        if cell.cell_type == "code":
            cell.execution_count, cell.outputs = None, []


def swap_counts(cells):
    first, second = [c for c in cells if c.cell_type == "code"][1:3]
    first.execution_count, second.execution_count = 3, 2


def drop_outputs(cells):
    cell_with(cells, "twice 21").outputs = []


def drop_cell(words):
    def change(cells):
        cells.remove(cell_with(cells, words))

    return change


def add_prose(words):
    return lambda cells: cells.insert(3, nbformat.v4.new_markdown_cell(words))


def add_code(cells, source):
    """Append a code cell that has been run and displays nothing."""
    count = sum(cell.cell_type == "code" for cell in cells) + 1
    cells.append(nbformat.v4.new_code_cell(source, execution_count=count))


def code(source):
    return lambda cells: add_code(cells, source)


def picture(html):
    return set_output("rises", **{"text/html": html})
