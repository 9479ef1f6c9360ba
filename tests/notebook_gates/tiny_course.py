"""A course of one good chapter: its package, and the script that the chapter is written from."""

from tools import notebooks

CONFIG = """
repository:
  url: https://github.com/someone/some-course
  branch: main
"""

# A package with what a chapter needs, and no torch: each kernel starts in a second.
PACKAGE = {
    "__init__.py": '"""A package for tests."""\nfrom .tiny import double, show\n',
    "tiny.py": '''
"""Two helpers."""
import base64
from IPython.display import display


def double(x):  # the comment stays
    """Return twice x.

    Two lines and a blank one, all of them dropped.
    """

    return 2 * x


def show(alt):
    """Display a picture."""
    data = base64.b64encode(b"not really a picture").decode()
    image = f'<img alt="{alt}" src="data:image/png;base64,{data}">'
    display({"text/html": image, "text/plain": f"[figure: {alt}]"}, raw=True)


class Trouble(ValueError):
    """Nothing but words."""


def _hidden():
    return 1


class Scale:
    """Multiply."""

    factor = 3

    def by(self, x):
        """Multiply x."""
        return self.factor * x
''',
    "checks/ch02.py": "def answer_1(answer):\n    return None\n",
    "checks/__init__.py": '''
"""A stand-in for the exercise engine."""


class Verdict:
    def __repr__(self):
        return "Exercise: not started yet. Hint: think"


def check(number, answer):
    return Verdict()
''',
}

DRAFT = """
# %% [markdown]
# # A tiny chapter
#
# You will be able to double a number. 2 minutes. Prerequisites: none.

# %%
# Setup:

# %%
from nav_utils import show
from nav_utils.checks import check

# %% [markdown]
# Inline `code {like}` this, $\\hat{x}$ and `{so}` and `on` are no roles.
#
# <details><summary>Code of <code>show</code></summary>
#
# ```python
# # nav_utils.tiny.show
# ```
#
# </details>

# %%
def double(x):
    return 2 * x

print("twice 21 is", double(21))

# %%
# Copied from benchmarks/results/tiny.json / seconds
took = {}

# %%
show(alt="a line that rises from the left to the right")

"""

EXERCISE = """
# %% [markdown]
# ### Exercise 2.{n}: double it
#
# Write a function.

# %%
def answer_{n}(x):
    return ...

check("2.{n}", answer_{n})

# %% [markdown]
# <details><summary>Hint</summary>
#
# Two.
#
# </details>
#
# <details><summary>Solution</summary>
#
# ```python
# def answer_{n}(x):
#     return 2 * x
# ```
#
# </details>
"""

ENDING = """
# %% [markdown]
# ## Take-away
#
# Twice is twice.
#
# ## Where next
#
# On.
"""


RESULTS = '{"command": "python tiny.py", "seconds": {"loop": 2.5, "batch": "0.01"}}'


def write(root):
    """Write the course into a folder and run its chapter."""
    (root / "_config.yml").write_text(CONFIG, encoding="utf-8")
    for name, source in PACKAGE.items():
        path = root / "nav_utils" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.lstrip("\n"), encoding="utf-8")
    (root / "benchmarks" / "results").mkdir(parents=True)
    (root / "benchmarks" / "results" / "tiny.json").write_text(RESULTS, encoding="utf-8")
    (root / "notebooks").mkdir()
    script = root / "draft.py"
    exercises = "".join(EXERCISE.format(n=n) for n in (1, 2, 3))
    script.write_text(DRAFT + exercises + ENDING, encoding="utf-8")
    chapter = root / "notebooks" / "02_tiny.ipynb"
    assert notebooks.from_script(script, chapter, root)
    assert notebooks.run(chapter, root)
