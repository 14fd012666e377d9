#!/usr/bin/env python3
"""Sets CareDesk up and serves it: `python3 run.py`, on Windows `py run.py`. Needs Python alone, no package.

It makes `.venv`, installs the pinned packages when their list has changed, and hands over to
`admin_app.serving`, which brings the schema up to date, makes the demo store on a first start, and serves.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit("CareDesk needs Python 3.11 or newer; this is Python {}.{}. Install a newer one from "
             "https://www.python.org/downloads/ and start again with it.".format(*sys.version_info[:2]))

import argparse
import contextlib
import errno
import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PRODUCT = ROOT / "requirements.txt"
TOOLS = ROOT / "requirements-dev.txt"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
OLDEST = (3, 11)


class Refusal(Exception):
    """Why CareDesk cannot start, in a sentence that says what to do."""


def main(arguments: list[str] | None = None) -> int:
    """Set up and serve; the exit status. With --prepare or --prepare-dev only set up."""
    parser = argparse.ArgumentParser(description="Set CareDesk up and serve it.")
    parser.add_argument("--prepare", action="store_true", help="only make .venv and install the packages")
    parser.add_argument("--prepare-dev", action="store_true", help="the same, with what the tests need")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, note_the_end)
    try:
        if options.prepare or options.prepare_dev:
            prepare(VENV, *([PRODUCT, TOOLS] if options.prepare_dev else [PRODUCT]))
            return 0
        check_folder(instance_folder(os.environ))
        check_port(*address(os.environ))
        prepare(VENV, PRODUCT)
        return serve(VENV)
    except Refusal as reason:
        print(reason, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


ending: list[int] = []


def note_the_end(number: int, frame: FrameType | None) -> None:
    """SIGTERM while setting up: `call` sees it, and ends the installation that is under way first."""
    ending.append(number)


# Before any work is done


def instance_folder(environment: Mapping[str, str]) -> Path:
    """Where the database and the keys lie."""
    return ROOT / (environment.get("CAREDESK_INSTANCE") or "instance")


def address(environment: Mapping[str, str]) -> tuple[str, int]:
    """HOST and PORT as they are set, or http://127.0.0.1:8000."""
    text = environment.get("PORT", "").strip() or str(DEFAULT_PORT)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise Refusal(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return environment.get("HOST", "").strip() or DEFAULT_HOST, int(text)


def check_folder(folder: Path) -> None:
    """Refuse a folder in which this person cannot make files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise Refusal(f"The folder {folder} cannot be written to ({error.strerror}). Give yourself the right "
                      "to write there, or move CareDesk to a folder of your own.") from None


def check_port(host: str, port: int) -> None:
    """Refuse an address that another program holds, or that this machine does not have."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":  # a port let go a moment ago is free; on Windows this would share it
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            probe.listen(1)
    except PermissionError:
        raise Refusal(f"This system lets only its administrator serve on port {port}. "
                      f"Choose another one: {with_port(8000)}") from None
    except socket.gaierror:
        raise Refusal(f"HOST is {host!r}, which is no address of this machine.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Refusal(f"Port {port} on {host} is taken by another program, perhaps a CareDesk that still "
                          f"runs. End it, or choose another port: {with_port(port + 1)}") from None
        raise Refusal(f"CareDesk cannot serve on {host}, port {port}: {error.strerror}.") from None


def with_port(port: int, system: str = os.name) -> str:
    """The command that starts CareDesk on another port, as this system's shell wants it."""
    port = port if port < 65536 else DEFAULT_PORT
    return f"set PORT={port}&& py run.py" if system == "nt" else f"PORT={port} python3 run.py"


# The environment


def venv_python(venv: Path, system: str = os.name) -> Path:
    """The Python inside a virtual environment."""
    return venv / "Scripts" / "python.exe" if system == "nt" else venv / "bin" / "python"


def python_version(python: Path) -> str | None:
    """The version of an interpreter as "3.12", or None where it does not run or is too old."""
    try:
        answer = subprocess.run([str(python), "-I", "-c", "import sys; print(*sys.version_info[:2])"],
                                capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return None
    return ".".join(answer) if tuple(map(int, answer)) >= OLDEST else None


def prepare(venv: Path, *lists: Path) -> None:
    """Make the virtual environment if there is none that works, and install the lists that have changed."""
    version = python_version(venv_python(venv)) or make_venv(venv)
    wanted = {venv / f".{path.stem}.installed": fingerprint(path, version) for path in lists}
    if all(marker.is_file() and marker.read_text() == content for marker, content in wanted.items()):
        return
    check_folder(venv)
    install(venv, lists)
    for marker, content in wanted.items():
        marker.write_text(content)


def make_venv(venv: Path) -> str:
    """A new virtual environment; its Python version."""
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise Refusal(f"This Python has no module {missing[0]}. On Debian and Ubuntu install it with "
                      "`sudo apt install python3-venv`, then start again.")
    check_folder(venv.parent)
    say("Making a virtual environment in .venv …")
    status, answer = call([sys.executable, "-m", "venv", "--clear", str(venv)], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    version = python_version(venv_python(venv))
    if status or not version:
        shutil.rmtree(venv, ignore_errors=True)
        raise Refusal(f"The virtual environment could not be made:\n{answer}".rstrip() +
                      "\nOn Debian and Ubuntu `sudo apt install python3-venv` often helps.")
    return version


def install(venv: Path, lists: Sequence[Path]) -> None:
    """Install the pinned packages with the environment's own pip."""
    python = str(venv_python(venv))
    if call([python, "-I", "-c", "import pip"], stderr=subprocess.DEVNULL)[0]:
        call([python, "-I", "-m", "ensurepip"])
    names = " and ".join(path.name for path in lists)
    say(f"Installing the packages of {names} (a minute or two, only when a list has changed) …")
    command = [python, "-I", "-m", "pip", "install", "-qq"]
    for path in lists:
        command += ["--requirement", str(path)]
    if call(command)[0]:
        raise Refusal("The packages could not be installed; pip says why above. Check that this machine "
                      "reaches the internet (behind a proxy set HTTPS_PROXY), then start again.")


def call(command: list[str], stdout: int | None = None, stderr: int | None = None) -> tuple[int, str | None]:
    """Run a program to its end: its status, and what it wrote into a pipe. SIGTERM ends it and this one."""
    environment = clean_environment()
    with subprocess.Popen(command, env=environment, stdout=stdout, stderr=stderr, text=True) as process:
        while True:
            try:
                answer, _ = process.communicate(timeout=0.1)
                return process.returncode, answer
            except subprocess.TimeoutExpired:
                if ending:
                    process.terminate()
                    sys.exit(128 + ending[0])


def clean_environment() -> dict[str, str]:
    """This environment without what would lead Python or pip to another place than .venv."""
    astray = {"PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "__PYVENV_LAUNCHER__"}
    kept = {name: value for name, value in os.environ.items() if name not in astray}
    return kept | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore"}


def fingerprint(requirements: Path, version: str) -> str:
    """What an installation depends on, as one line: the Python version and the list of packages."""
    return hashlib.sha256(version.encode() + requirements.read_bytes()).hexdigest()


# Serving


def serve(venv: Path, system: str = os.name) -> int:
    """Hand over to the server. On POSIX it takes this process's place, so no child can be left behind."""
    command = [str(venv_python(venv, system)), "-m", "admin_app.serving"]
    environment = clean_environment()
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if ending:
        return 128 + ending[0]
    if system == "posix":
        sys.stdout.flush()
        os.execve(command[0], command, environment)
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C reaches the server too, which ends by itself
        return subprocess.call(command, env=environment)
    return 0


def say(text: str) -> None:
    """A line for the person at the terminal, at once and in any code page."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
