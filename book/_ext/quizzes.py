"""Sphinx extension: the quizzes of all chapters on one page, for paper.

    ```{quizzes} sheets
    ```

puts the questions of every chapter there, with boxes to tick; `answers` puts the key. They are
written in book/quizzes; the chapters hold the same questions with folded answers.
"""

import sys

from docutils.parsers.rst import directives
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective


class Quizzes(SphinxDirective):
    """The questions, or the key."""

    required_arguments = 1

    def run(self):
        if str(self.env.srcdir) not in sys.path:
            sys.path.append(str(self.env.srcdir))
        from tools import notebook_quiz

        kind = directives.choice(self.arguments[0], ("sheets", "answers"))
        shown = notebook_quiz.sheet if kind == "sheets" else notebook_quiz.answers
        try:
            quizzes = notebook_quiz.every_quiz(self.env.srcdir)
        except ValueError as error:
            raise ExtensionError(f"{self.get_location()}: {error}") from error
        parts = [f"**{title}**\n\n{shown(questions)}" for title, questions in quizzes.items()]
        return self.parse_text_to_nodes("\n\n".join(parts))


def setup(app):
    app.add_directive("quizzes", Quizzes)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
