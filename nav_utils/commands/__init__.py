"""The command `nav-utils`: the package's functions over folders and files.

Each command is a module of this folder with a function `run`, imported when it is asked for;
`options` says what each one takes. Results go to standard output, progress and errors to the other.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from typing import Any

from nav_utils import __version__
from nav_utils.commands.options import COMMANDS, parser_of

FINE, FAILED, BAD_INPUT, STOPPED = 0, 1, 2, 130

OVERVIEW = f"""\
Find the holes of a latent space, and paths around them.

commands:
{chr(10).join(f"  {name:<11}{line}" for name, line in COMMANDS.items())}

`nav-utils COMMAND --help` says what a command takes, with an example. Begin with a shipped space:

  nav-utils holes mnist-2d

exit codes: 0 fine; 2 bad input (the message says what was expected); 1 the computation failed, or
a check did; 130 stopped by Ctrl-C.
"""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code.

    Args:
        arguments: the words after `nav-utils`; those of this process if not given.
    """
    parser = argparse.ArgumentParser(
        prog="nav-utils",
        usage="nav-utils COMMAND ...",
        description=OVERVIEW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"nav-utils {__version__}")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help=argparse.SUPPRESS)
    words = sys.argv[1:] if arguments is None else arguments
    command = parser.parse_args(words[:1]).command
    given = parser_of(command).parse_args(words[1:])
    given.words = words  # for the records of what a command has written
    return carried_out(command, given)


def carried_out(command: str, given: argparse.Namespace) -> int:
    """Run a command with what it was given; what went wrong becomes a sentence and a code."""
    try:
        before = signal.signal(signal.SIGTERM, interrupt)  # as Ctrl-C: files are left whole
    except ValueError:  # not in the main thread: as it was
        before = None
    try:
        return importlib.import_module(f"nav_utils.commands.{command}").run(given) or FINE
    except (OSError, ValueError, ImportError) as error:
        print(f"nav-utils {command}: {error}", file=sys.stderr)
        return BAD_INPUT
    except FloatingPointError as error:
        print(f"nav-utils {command}: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print(f"nav-utils {command}: stopped. {GOES_ON.get(command, '')}".strip(), file=sys.stderr)
        return STOPPED
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


GOES_ON = {
    "correct": "Finished shards are kept: the same command goes on from there.",
    "train": "The same command goes on from the last checkpoint, made every 100 steps.",
}


def interrupt(*_: Any) -> None:
    """What Ctrl-C does, for another signal."""
    raise KeyboardInterrupt
