"""What each command takes, and the words of its --help; nothing here imports torch."""

from __future__ import annotations

import argparse
import pathlib
import textwrap

COMMANDS = {
    "train": "an adversarial autoencoder on images, and a ratio on its codes, into a folder",
    "calibrate": "fit a ratio on codes, and say how far its probabilities can be believed",
    "holes": "where the prior promises codes and there are none",
    "navigate": "paths between pairs of codes, with a report",
    "explore": "one HTML file in which a space can be explored",
    "correct": "move codes to where codes are; sharded, resumable, with several processes",
    "check": "whether this machine is ready for the course, and what to do if not",
}

SPACE = "a shipped space (mnist-2d, mnist-16d, digits-2d) or a folder that `train` has written"
DETAILS = {
    "train": """\
        DATA is a folder of pictures, a folder of IDX files, a .npy file of images, or a data set by
        its name (digits, mnist, fashion_mnist, patches). What is not trained on judges: the test
        images of a data set, the folder --test, or the share --test-share of DATA. A share is
        drawn at random; where pictures come in groups, put whole groups into --test. OUT becomes
        a folder that the other commands, and load_space, read.

        Stopped at any moment, the same command goes on from the last checkpoint: until OUT is
        there, the file OUT.training.safetensors, written every 100 steps.

        example:
          nav-utils train digits digits-space
          nav-utils holes digits-space
        """,
    "calibrate": """\
        CODES are a .npy file (N, d), a .safetensors file with `codes` (N, d), or a space. A fresh
        network learns to tell them from samples of N(0, I); codes that it has not seen say how
        good it is.

        What to look at first: the held-out loss. At 0.693 (log 2) the ratio is blind, which is
        right if the codes are N(0, I). An AUC above 0.99 means that codes and prior hardly overlap:
        most of the prior is then one hole. With fewer than 1,000 codes, distrust it.

        example:
          nav-utils calibrate codes.npy --out ratio.safetensors
        """,
    "holes": """\
        In two dimensions each hole with its mass under the prior, its deepest point and its area;
        in more, the mass of all holes together. A place is in a hole when log p - log q is above
        --level: at log 4 = 1.39, fewer than a quarter of the codes are there that the prior
        promises.

        example:
          nav-utils holes mnist-2d
        """,
    "navigate": """\
        PAIRS are a .npy file (B, 2, d): B pairs of ends; or a .safetensors file with z_a and z_b
        (B, d); or a whole number: so many pairs of test codes of the space. OUT gets the points
        of the paths (B, n, d): as .npy, or as .safetensors with status, bottleneck and pairs too.

        The report compares with straight lines between the same ends, by measures that do not use
        the ratio; it needs a space, whose test codes judge.

        example:
          nav-utils navigate mnist-2d 20 paths.safetensors
        """,
    "explore": """\
        The file needs no server and no network, and can be sent. The space has to be
        two-dimensional.

        example:
          nav-utils explore mnist-2d explorer.html
        """,
    "check": """\
        Versions, a training of one second, an explorer, disk and memory, a line for each. The exit
        code is 1 if something has to be done. `python -m nav_utils.check_setup` is the same.

        example:
          nav-utils check
        """,
}


def parser_of(command: str) -> argparse.ArgumentParser:
    """The parser of a command's own words."""
    if command == "correct":  # its choices come from the package, which takes a moment to load
        from nav_utils import correct_file

        parser = parser_for(command, correct_file.__doc__ or "")
        correct_file.add_arguments(parser)
        return parser
    parser = parser_for(command, textwrap.dedent(DETAILS[command]))
    ADD[command](parser)
    return parser


def parser_for(command: str, details: str) -> argparse.ArgumentParser:
    """A parser that says what a command is for."""
    about = COMMANDS[command]
    return argparse.ArgumentParser(
        prog=f"nav-utils {command}",
        description=f"{about[0].upper()}{about[1:]}.\n\n{details}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def train(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("data", metavar="DATA", help="what to train on, see above")
    add("out", metavar="OUT", type=pathlib.Path, help="the folder to write")
    add("--latent-dim", type=int, default=2, metavar="D", help="coordinates of a code; default 2")
    add("--epochs", type=int, help="default: as many as make 3,000 steps of training")
    add("--hidden", type=int, nargs="+", default=[512, 256], metavar="N", help="default 512 256")
    add("--weight", type=float, default=5.0, help="of the adversarial part; default 5")
    add("--batch-size", type=int, default=256, help="default 256")
    add("--test", type=pathlib.Path, metavar="FOLDER", help="pictures that judge, for a folder")
    add("--test-share", type=float, default=0.1, metavar="S", help="of a folder; default 0.1")
    add("--ratio-steps", type=int, default=4000, metavar="N", help="at most; default 4000")
    add("--seed", type=int, default=0)
    add("--device", default="cpu", help="cpu (the default), cuda or mps")


def calibrate(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("codes", metavar="CODES", help="what to fit on, see above")
    add("--test", metavar="FILE", type=pathlib.Path, help="codes that judge; default a tenth")
    add("--out", metavar="FILE", type=pathlib.Path, help="write the ratio, a .safetensors file")
    add("--steps", type=int, default=4000, help="at most; default 4000")
    add("--seed", type=int, default=0)
    add("--device", default="cpu", help="cpu (the default), cuda or mps")


def holes(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("space", metavar="SPACE", help=f"{SPACE}, or a file of a ratio")
    add("--level", type=float, help="in nats; default log 4")
    add("--radius", type=float, default=3.0, help="of the disc that is looked at; default 3")
    add("--min-mass", type=float, default=1e-3, help="leave out smaller ones; default 0.001")


def navigate(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("space", metavar="SPACE", help=f"{SPACE}, or a file of a ratio")
    add("pairs", metavar="PAIRS", help="a file or a number, see above")
    add("out", metavar="OUT", type=pathlib.Path, help="a .npy or .safetensors file to write")
    add("--planner", default="graph", help="graph (the default), string, straight, ...")
    add("--points", type=int, default=64, metavar="N", help="on each path; default 64")
    add("--report", type=pathlib.Path, metavar="FILE", help="a .json file, each path a row")
    add("--seed", type=int, default=0, help="of the choice of pairs")


def explore(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("space", metavar="SPACE", help=SPACE)
    add("out", metavar="OUT", type=pathlib.Path, help="the .html file to write")


ADD = {
    "train": train,
    "calibrate": calibrate,
    "holes": holes,
    "navigate": navigate,
    "explore": explore,
    "check": lambda parser: None,  # takes nothing
}
