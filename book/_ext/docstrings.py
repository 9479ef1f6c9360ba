"""Sphinx extension: the docstrings of nav_utils as reStructuredText, for the pages of book/api.

A docstring here is plain text with `names` in single backticks and sections (Args, Returns, Raises,
Attributes, Warns, Source). A public name becomes a link, any other a literal; signs that mean
something in reStructuredText mean themselves.
"""

import re
import textwrap

import nav_utils

TITLES = {
    "Args": "Arguments",
    "Attributes": "Attributes",
    "Raises": "Raises",
    "Returns": "Returns",
    "Warns": "Warns",
}
LISTS = {"Args", "Attributes", "Raises", "Warns"}  # entries `name, name: what it is`
SECTION = re.compile(rf"({'|'.join(TITLES)}):$")
ENTRY = re.compile(r"([\w*.]+(?:, [\w*.]+)*): (.*)")
MARKED = re.compile(r"(``.+?``|`[^`]+`)", re.DOTALL)


def to_rst(text, homes):
    """A docstring as reStructuredText; `homes` has the full name of each public name."""
    lines, parts = text.expandtabs().splitlines(), []
    while lines:
        line = lines.pop(0)
        if section := SECTION.match(line):
            body = taken(lines)
            body = definitions(body, homes) if section[1] in LISTS else inline(body, homes)
            parts.append(field(TITLES[section[1]], body))
        elif line.startswith("Source: "):
            body = textwrap.dedent(line.removeprefix("Source: ")) + "\n" + taken(lines)
            parts.append(field("Source", inline(body.strip(), homes)))
        elif line.startswith("    "):  # a formula or a command
            lines.insert(0, line)
            parts.append("\n::\n\n" + textwrap.indent(taken(lines), "    ") + "\n")
        else:
            paragraph = [line]
            while lines and lines[0].strip() and not starts_another(lines[0]):
                paragraph.append(lines.pop(0))
            parts.append(inline("\n".join(paragraph), homes))
    return "\n".join(parts)


def starts_another(line):
    """Whether a line ends the paragraph above it."""
    return bool(SECTION.match(line)) or line.startswith(("Source: ", "    "))


def taken(lines):
    """The indented lines at the beginning, taken away from there, as text without the indent."""
    body = []
    while lines and (not lines[0].strip() or lines[0].startswith("    ")):
        body.append(lines.pop(0))
    return textwrap.dedent("\n".join(body)).strip("\n")


def definitions(body, homes):
    """The entries of a section as a definition list."""
    entries = []
    for line in body.splitlines():
        if entry := ENTRY.fullmatch(line):
            entries.append([", ".join(f"``{name}``" for name in entry[1].split(", ")), entry[2]])
        elif entries:
            entries[-1].append(line.strip())
        else:
            return inline(body, homes)
    texts = (inline("\n".join(words), homes) for _, *words in entries)
    heads = (entry[0] for entry in entries)
    pairs = zip(heads, texts, strict=True)
    return "\n".join(f"{head}\n{textwrap.indent(text, '    ')}" for head, text in pairs)


def field(title, body):
    """A field of the description of a function or class."""
    return f"\n:{title}:\n{textwrap.indent(body, '    ')}\n"


def inline(text, homes):
    """Text in which public names are links, other names literals, and no sign is markup."""
    pieces = MARKED.split(text)
    for number, piece in enumerate(pieces):
        if number % 2 == 0:
            piece = re.sub(r"([\\*|\"'])", r"\\\1", piece)  # quotes stay straight, as in code
            pieces[number] = re.sub(r"_(?!\w)", r"\_", piece)
        elif not piece.startswith("``"):
            name = re.sub(r"\s+", " ", piece.strip("`"))
            home = homes.get(name.removesuffix("()"))
            pieces[number] = f":py:obj:`{name} <{home}>`" if home else f"``{name}``"
    return "".join(pieces)


def public():
    """The full name of each public name, by itself and in full."""
    full = {name: f"nav_utils.{module}.{name}" for name, module in nav_utils.HOMES.items()}
    return full | {name: name for name in full.values()}


def rewrite(app, what, name, obj, options, lines):
    """Give autodoc the lines that it expects."""
    lines[:] = to_rst("\n".join(lines), public()).splitlines()


def leave_out(app, what, name, obj, skip, options):
    """Fields of a named tuple say only their number; the docstring of the class has them all."""
    return True if (obj.__doc__ or "").startswith("Alias for field number") else None


def setup(app):
    app.connect("autodoc-process-docstring", rewrite)
    app.connect("autodoc-skip-member", leave_out)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
