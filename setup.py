"""What pyproject.toml cannot say: the description on the package index, which is the README.

Its links lead to files of the repository. On the index there are none, so they become addresses.
"""

import re
import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
LINK = re.compile(r"(?P<bang>!?)\[(?P<words>[^\]]*)\]\((?!https?:|#)(?P<path>[^)\s]+)\)")


def absolute(text: str, repository: str) -> str:
    """The text with links to files of the repository as addresses; pictures as the raw file."""

    def address(link: re.Match[str]) -> str:
        raw = repository.replace("github.com", "raw.githubusercontent.com") + "/main/"
        folder = raw if link["bang"] else f"{repository}/blob/main/"
        return f"{link['bang']}[{link['words']}]({folder}{link['path']})"

    return LINK.sub(address, text)


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    setup(
        long_description=absolute(readme, project["urls"]["Source"]),
        long_description_content_type="text/markdown",
    )
