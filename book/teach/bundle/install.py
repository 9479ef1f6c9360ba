"""Install the course from this folder, without a network: python install.py

Makes a virtual environment in this folder and installs from the wheels beside it. It needs
nothing but Python itself, in the version that the wheels were chosen for.
"""

import argparse
import pathlib
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
SYSTEMS = {"linux": "linux", "darwin": "macos", "win32": "windows"}


def wheels_for(system, version, folder=HERE / "wheels"):
    """The folder of wheels for a system (sys.platform) and a version such as "3.12".

    SystemExit with what to do, if this stick has none.
    """
    name = SYSTEMS.get(system, system)
    there = sorted(path.name for path in folder.glob("*-*") if any(path.glob("*.whl")))
    if f"{name}-{version}" in there:
        return folder / f"{name}-{version}"
    others = [n.partition("-")[2] for n in there if n.startswith(f"{name}-")]
    if others:
        sys.exit(
            f"This is Python {version}; the wheels here are for Python {' or '.join(others)}.\n"
            f"Start this script with that one, for example: python{others[0]} install.py"
        )
    sys.exit(
        f"No wheels for {name} here, only for: {', '.join(there) or 'nothing'}.\n"
        "Sit with somebody, or read along: book/index.html needs a browser only."
    )


def python_of(environment):
    """The Python of a virtual environment."""
    inside = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
    return environment.joinpath(*inside)


def install(environment, wheels):
    """Make the environment, install into it, and check it; the exit code of the check."""
    if not python_of(environment).exists():
        print(f"making {environment}")
        venv.create(environment, with_pip=True)
    python = str(python_of(environment))
    command = [python, "-m", "pip", "install", "--isolated", "--no-index", "--no-input"]
    command += ["--disable-pip-version-check", "--find-links", str(wheels)]
    command += ["-r", str(wheels / "requirements.txt")]
    if subprocess.run(command).returncode:
        sys.exit("The installation failed; the lines above say where. Sit with somebody for now.")
    return subprocess.run([python, "-m", "nav_utils.check_setup"]).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environment", type=pathlib.Path, default=HERE / ".venv", metavar="DIR")
    given = parser.parse_args()
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    code = install(given.environment.resolve(), wheels_for(sys.platform, version))
    print(f"To begin: {python_of(given.environment)} -m jupyterlab {HERE / 'students'}")
    return code


if __name__ == "__main__":
    sys.exit(main())
