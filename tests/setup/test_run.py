"""run.py: what it refuses, in which words, and that it does no work twice."""

from __future__ import annotations

import ast
import errno
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import run

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port of 127.0.0.1 on which somebody else listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        yield other.getsockname()[1]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """run.py and the list of packages in a folder of their own, as after a clone."""
    for path in (Path(run.__file__), run.PRODUCT, run.TOOLS):
        shutil.copy(path, tmp_path)
    return tmp_path


def started(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python run.py` in a folder, to its end."""
    return subprocess.run([sys.executable, "run.py", *arguments], cwd=folder, env=os.environ | environment,
                          capture_output=True, text=True, timeout=60, check=False)


# An old Python


def test_an_old_python_can_read_the_file() -> None:
    tree = ast.parse(Path(run.__file__).read_text(encoding="utf-8"), feature_version=(3, 6))
    before_the_check = [node for node in tree.body[:4] if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [name.name for node in before_the_check[:1] for name in node.names] == ["sys"]
    assert isinstance(tree.body[2], ast.If), "the version is checked before anything newer is touched"


def test_an_old_python_is_refused_in_a_sentence(copy: Path) -> None:
    pretend = "import runpy, sys; sys.version_info = (3, 9, 18); runpy.run_path('run.py', run_name='__main__')"
    answer = subprocess.run([sys.executable, "-c", pretend], cwd=copy, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr.startswith("CareDesk needs Python 3.11 or newer; this is Python 3.9.")
    assert not (copy / ".venv").exists()


# The address


def test_a_taken_port_is_refused_before_any_work(copy: Path, taken_port: int) -> None:
    answer = started(copy, PORT=str(taken_port), HOST="127.0.0.1")
    assert answer.returncode == 1
    assert f"Port {taken_port} on 127.0.0.1 is taken by another program" in answer.stderr
    assert f"PORT={taken_port + 1}" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (copy / ".venv").exists()


@pytest.mark.parametrize("port", ["eighty", "0", "65536", "-1", "8000.5", "八千"])
def test_a_port_that_is_no_port_is_refused(port: str) -> None:
    with pytest.raises(run.Refusal, match="PORT must be a number from 1 to 65535"):
        run.address({"PORT": port})


def test_the_address_comes_from_the_environment() -> None:
    assert run.address({}) == ("127.0.0.1", 8000)
    assert run.address({"HOST": "", "PORT": ""}) == ("127.0.0.1", 8000)
    assert run.address({"HOST": "0.0.0.0", "PORT": "8080 "}) == ("0.0.0.0", 8080)


def test_a_free_port_passes_and_stays_free(taken_port: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    run.check_port("127.0.0.1", free)
    run.check_port("127.0.0.1", free)
    with pytest.raises(run.Refusal):
        run.check_port("127.0.0.1", taken_port)


def test_a_host_that_is_none_is_refused() -> None:
    with pytest.raises(run.Refusal, match="no address of this machine"):
        run.check_port("host.invalid", 8000)


@pytest.mark.parametrize(("error", "sentence"), [
    (PermissionError(errno.EACCES, "Permission denied"), "only its administrator serve on port 80"),
    (OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), "Cannot assign requested address"),
])
def test_other_reasons_are_told(monkeypatch: pytest.MonkeyPatch, error: OSError, sentence: str) -> None:
    def refuse(*_: object) -> None:
        raise error
    monkeypatch.setattr(run.socket.socket, "bind", refuse)
    with pytest.raises(run.Refusal, match=sentence):
        run.check_port("127.0.0.1", 80)


def test_the_advice_fits_the_shell() -> None:
    assert run.with_port(8001, "posix") == "PORT=8001 python3 run.py"
    assert run.with_port(8001, "nt") == "set PORT=8001&& py run.py"
    assert run.with_port(65536, "posix") == "PORT=8000 python3 run.py"


# The folder


def test_a_folder_that_cannot_be_written_to_is_refused(copy: Path) -> None:
    (copy / "file").write_text("not a folder")
    answer = started(copy, CAREDESK_INSTANCE=str(copy / "file" / "instance"), PORT=free_port())
    assert answer.returncode == 1
    assert "cannot be written to" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (copy / ".venv").exists()


def test_a_folder_of_somebody_else_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr(run.tempfile, "TemporaryFile", refuse)
    with pytest.raises(run.Refusal, match=r"cannot be written to \(Permission denied\)"):
        run.check_folder(tmp_path)


def test_the_instance_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    folder = run.instance_folder({"CAREDESK_INSTANCE": str(tmp_path / "a" / "b")})
    run.check_folder(folder)
    assert list(folder.iterdir()) == []
    assert run.instance_folder({}) == run.ROOT / "instance"


# The environment


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(run.importlib.util, "find_spec", lambda name: None if name == module else found(name))
    with pytest.raises(run.Refusal, match=f"no module {module}.*apt install python3-venv"):
        run.make_venv(tmp_path / ".venv")
    assert not (tmp_path / ".venv").exists()


def test_a_venv_is_made_once_and_again_when_it_is_broken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run, "install", lambda venv, lists: None)
    venv, packages = tmp_path / ".venv", tmp_path / "requirements.txt"
    packages.write_text("")
    run.prepare(venv, packages)
    python = run.venv_python(venv)
    assert run.python_version(python) == VERSION
    stays = venv / "stays"
    stays.write_text("")
    run.prepare(venv, packages)
    assert stays.exists(), "an environment that works is kept"
    python.unlink()
    python.write_text("")
    run.prepare(venv, packages)
    assert not stays.exists(), "a broken one is made anew"
    assert run.python_version(python) == VERSION


def test_a_venv_that_cannot_be_made_says_why_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run.sys, "executable", str(fake_python(tmp_path / "broken", 'echo "disk is full"; exit 1')))
    with pytest.raises(run.Refusal, match="could not be made:\ndisk is full"):
        run.make_venv(tmp_path / ".venv")
    assert not (tmp_path / ".venv").exists()


def test_packages_are_installed_only_when_their_list_has_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed: list[list[str]] = []
    monkeypatch.setattr(run, "python_version", lambda python: VERSION)
    monkeypatch.setattr(run, "install", lambda venv, lists: installed.append([path.name for path in lists]))
    product, tools = tmp_path / "requirements.txt", tmp_path / "requirements-dev.txt"
    product.write_text("flask==3.1.3\n")
    tools.write_text("pytest==9.2.0\n")
    run.prepare(tmp_path / ".venv", product)
    run.prepare(tmp_path / ".venv", product)
    assert installed == [["requirements.txt"]]
    run.prepare(tmp_path / ".venv", product, tools)
    run.prepare(tmp_path / ".venv", product)
    assert installed[1:] == [["requirements.txt", "requirements-dev.txt"]]
    product.write_text("flask==3.1.4\n")
    run.prepare(tmp_path / ".venv", product)
    assert installed[2:] == [["requirements.txt"]]
    monkeypatch.setattr(run, "python_version", lambda python: "3.99")
    run.prepare(tmp_path / ".venv", product)
    assert installed[3:] == [["requirements.txt"]], "another Python needs its own packages"


def test_a_failed_installation_is_tried_again_next_time(tmp_path: Path) -> None:
    venv, packages = Path(sys.prefix), tmp_path / "requirements-broken.txt"
    packages.write_text("this is no package ==\n")
    with pytest.raises(run.Refusal, match="could not be installed"):
        run.prepare(venv, packages)
    assert not (venv / ".requirements-broken.installed").exists()


def test_what_would_lead_pip_astray_is_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("PIP_TARGET", "/nowhere")
    monkeypatch.setenv("CAREDESK_LOCALE", "en")
    environment = run.clean_environment()
    assert not {"PYTHONHOME", "PIP_TARGET"} & set(environment)
    assert environment["CAREDESK_LOCALE"] == "en"


def test_the_windows_environment_is_found_where_windows_puts_it() -> None:
    assert run.venv_python(Path("here/.venv"), "nt") == Path("here/.venv/Scripts/python.exe")
    assert run.venv_python(Path("here/.venv"), "posix") == Path("here/.venv/bin/python")


def test_on_windows_the_server_is_a_child_whose_status_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(run.os, "chdir", lambda folder: None)
    monkeypatch.setattr(run.subprocess, "call", lambda command, env: called.append(command) or 3)
    assert run.serve(Path("here/.venv"), "nt") == 3
    assert called == [[str(Path("here/.venv/Scripts/python.exe")), "-m", "admin_app.serving"]]


# From beginning to end, with a Python in .venv that only tells what it was asked


def fake_python(path: Path, rest: str) -> Path:
    """A program that knows its version and then does `rest`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\ncase "$*" in *version_info*) echo 3 11; exit;; esac\n{rest}\n')
    path.chmod(0o755)
    return path


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_packages_come_first_and_then_the_server(copy: Path) -> None:
    fake_python(run.venv_python(copy / ".venv"), 'echo "$@" >> calls')
    answer = started(copy, PORT=free_port())
    assert answer.returncode == 0, answer.stderr
    calls = (copy / "calls").read_text().splitlines()
    assert calls == ["-I -c import pip", f"-I -m pip install -qq --requirement {copy / 'requirements.txt'}",
                     "-m admin_app.serving"]
    started(copy, PORT=free_port())
    assert (copy / "calls").read_text().splitlines()[3:] == ["-m admin_app.serving"], "nothing is installed twice"


def test_preparing_does_not_serve(copy: Path) -> None:
    fake_python(run.venv_python(copy / ".venv"), 'echo "$@" >> calls')
    assert started(copy, "--prepare-dev").returncode == 0
    calls = (copy / "calls").read_text()
    assert "requirements-dev.txt" in calls
    assert "serving" not in calls


def test_sigterm_during_the_installation_leaves_no_child(copy: Path) -> None:
    fake_python(run.venv_python(copy / ".venv"), 'case "$*" in *install*) echo $$ > pid; exec sleep 60;; esac')
    pid_file = copy / "pid"
    process = subprocess.Popen([sys.executable, "run.py"], cwd=copy, env=os.environ | {"PORT": free_port()},
                               stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert "Installing the packages" in process.stdout.readline()
        while not (pid_file.exists() and pid_file.read_text().endswith("\n")):
            assert process.poll() is None
        process.terminate()
        assert process.wait(10) == 143
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)
