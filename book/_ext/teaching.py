"""Sphinx extension: what the workshop kit writes once in data files, on pages of the book.

    ```{quizzes} sheets
    ```

puts the questions of every chapter there, with boxes to tick; `answers` puts the key. They are
written in book/quizzes; the chapters hold the same questions with folded answers.

    ```{teaching-notes}
    ```

puts the notes of book/teach/notes there, chapter by chapter.
"""

import sys
from pathlib import Path

from docutils.parsers.rst import directives
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective


class FromData(SphinxDirective):
    """Markdown that `text` makes of data files."""

    def run(self):
        root = Path(self.env.srcdir)
        if str(root) not in sys.path:
            sys.path.append(str(root))
        try:
            return self.parse_text_to_nodes(self.text(root))
        except ValueError as error:
            raise ExtensionError(f"{self.get_location()}: {error}") from error


class Quizzes(FromData):
    """The questions, or the key."""

    required_arguments = 1

    def text(self, root):
        from tools import notebook_quiz

        kind = directives.choice(self.arguments[0], ("sheets", "answers"))
        shown = notebook_quiz.sheet if kind == "sheets" else notebook_quiz.answers
        quizzes = notebook_quiz.every_quiz(root)
        return "\n\n".join(f"**{title}**\n\n{shown(q)}" for title, q in quizzes.items())


class TeachingNotes(FromData):
    """What people get wrong, what to ask and what to skip, in every section."""

    def text(self, root):
        from tools import notebooks, students

        parts = []
        for path in notebooks.chapters(root):
            notes = students.notes_of(path, root)
            if notes:
                title = notebooks.read(path).cells[0].source.partition("\n")[0]
                parts.append(f"**{title.removeprefix('# ')}**\n\n{students.table(notes)}")
        return "\n\n".join(parts)


def setup(app):
    app.add_directive("quizzes", Quizzes)
    app.add_directive("teaching-notes", TeachingNotes)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
