"""Write the repository's address, owner/name, wherever the project repeats it.

    make publish-as REPO=owner/name

The address stands in one place, `repository.url` of _config.yml. It has to be repeated in badges,
in the setup cell of each notebook, in the README and in the citation file; this command rewrites
all of them, and nothing else in those files.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

SUFFIXES = {".bib", ".cff", ".ipynb", ".md", ".py", ".toml", ".yml", ".yaml"}
SKIPPED = {"_build", "build", "dist", "node_modules", "venv", "__pycache__"}
# What stands before owner/name in an address: GitHub, and the hosts that show its repositories.
HOSTS = (
    r"(?:github\.com[/:]|colab\.research\.google\.com/github/|"
    r"raw\.githubusercontent\.com/|mybinder\.org/v2/gh/)"
)
OWNER = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?"
NAME = r"[A-Za-z0-9._-]{1,100}"


def parse_repository(repository: str) -> tuple[str, str]:
    """Split "owner/name"; ValueError where it is not one that GitHub allows."""
    match = re.fullmatch(f"({OWNER})/({NAME})", repository)
    if match is None or match[2] in {".", ".."} or match[2].endswith(".git"):
        raise ValueError(
            f"expected a repository as owner/name (letters, digits and hyphens in the owner; also "
            f"dots and underscores in the name), got {repository!r}. "
            "Say, for example: make publish-as REPO=owner/name"
        )
    return match[1], match[2]


def current_repository(root: Path) -> tuple[str, str]:
    """Owner and name in `repository.url` of root/_config.yml; ValueError if none stands there."""
    config = root / "_config.yml"
    address = rf"^repository:\n(?:[ #].*\n)*?  url: https://github\.com/({OWNER}/{NAME})$"
    match = re.search(address, config.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise ValueError(
            f"{config}: expected `url: https://github.com/owner/name` under `repository:`, "
            "found none; write it there"
        )
    return parse_repository(match[1])


def text_files(root: Path) -> Iterator[Path]:
    """The project's own text files: no hidden folder but .github, nothing built or installed."""
    for path in sorted(root.iterdir()):
        if path.is_dir():
            hidden = path.name.startswith(".") and path.name != ".github"
            if not hidden and path.name not in SKIPPED and not path.name.endswith(".egg-info"):
                yield from text_files(path)
        elif path.suffix in SUFFIXES:
            yield path


def readdress(text: str, old: tuple[str, str], new: tuple[str, str]) -> str:
    """`text` with every address of the repository `old` turned into that of `new`."""
    slug = re.escape("/".join(old))
    text = re.sub(rf"({HOSTS}){slug}(?![\w-]|\.(?!git\b)\w)", rf"\g<1>{new[0]}/{new[1]}", text)
    pages = rf"\b{re.escape(old[0])}\.github\.io/{re.escape(old[1])}(?![\w-]|\.\w)"
    return re.sub(pages, f"{new[0]}.github.io/{new[1]}", text)


def publish_as(root: Path, repository: str) -> list[Path]:
    """Rewrite the address in every file under `root` that holds it; the files that changed."""
    new = parse_repository(repository)
    old = current_repository(root)
    changed = []
    for path in text_files(root):
        before = path.read_bytes()
        after = readdress(before.decode("utf-8"), old, new).encode("utf-8")
        if after != before:
            path.write_bytes(after)
            changed.append(path)
    return changed


# Addresses that are always the repository's own, whatever they say.
OWN = (
    rf"colab\.research\.google\.com/github/({OWNER})/({NAME})/",
    rf"nav_utils(?:\[course\])? @ git\+https://github\.com/({OWNER})/({NAME}?)(?:\.git)?(?=[\"'\s\\@])",
    rf"git clone https://github\.com/({OWNER})/({NAME}?)(?:\.git)?(?=[\s`]|$)",
    rf"repository-code: [\"']?https://github\.com/({OWNER})/({NAME}?)[\"']?$",
)


def disagreements(root: Path) -> list[str]:
    """Addresses of this repository that differ from _config.yml's, as "file: address" lines.

    Found are Colab links, setup cells, clone commands and the citation file's address, whatever
    they name, and any other address that gives the name to another owner.
    """
    own = current_repository(root)
    found = []
    for path in text_files(root):
        text = path.read_text(encoding="utf-8")
        named = [match for rule in OWN for match in re.finditer(rule, text, re.MULTILINE)]
        wrong = {match.groups() for match in named if match.groups() != own}
        for match in re.finditer(rf"{HOSTS}({OWNER})/({NAME})", text):
            owner, name = match[1], match[2].rstrip(".").removesuffix(".git")
            if name == own[1] and owner != own[0]:
                wrong.add((owner, name))
        found += [f"{path.relative_to(root)}: {'/'.join(address)}" for address in sorted(wrong)]
    return found


def main(arguments: list[str]) -> int:
    root = Path(__file__).resolve().parents[1]
    try:
        changed = publish_as(root, arguments[0] if len(arguments) == 1 else "")
        wrong = disagreements(root)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    for path in changed:
        print(path.relative_to(root))
    print(f"{len(changed)} files now name {'/'.join(current_repository(root))}")
    if wrong:
        print("These addresses name another repository:", *wrong, sep="\n  ", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
