"""What one sign-in needs is given back, whoever signs in at the same time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from admin_app import memory

ROOT = Path(__file__).resolve().parents[2]
SIGN_INS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from admin_app import memory, passwords
from admin_app.models import User

def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS:")) / 1024

if sys.argv[1] == "asked":
    assert memory.give_back()
user = User(password_hash=passwords.hash_password("correct horse battery"))
before = resident()
for _round in range(2):
    with ThreadPoolExecutor(6) as people:
        assert all(people.map(lambda _one: passwords.right_password(user, "correct horse battery"), range(12)))
print(resident() - before)
"""


READY = """
import gc
from admin_app import memory

class Knot:
    pass

memory.ready()
searched = len(gc.get_objects())
gc.collect()
knot = Knot()
knot.self = knot
del knot
print(searched, gc.get_freeze_count(), int(gc.collect() > 0))
"""


def after_sign_ins(how: str) -> float:
    """MiB by which a process has grown after two dozen sign-ins, six at a time."""
    done = subprocess.run([sys.executable, "-c", SIGN_INS, how], capture_output=True, text=True, check=True, cwd=ROOT)
    return float(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="only the C library of Linux keeps it")
def test_sign_ins_leave_nothing() -> None:
    assert after_sign_ins("asked") < 15 < after_sign_ins("not asked")


def test_the_program_itself_is_left_out_of_the_search() -> None:
    done = subprocess.run([sys.executable, "-c", READY], capture_output=True, text=True, check=True, cwd=ROOT)
    searched, lasting, found = map(int, done.stdout.split())
    assert lasting > 10_000 > searched and found == 1


def test_elsewhere_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _name: object())  # a C library without mallopt
    assert memory.give_back() is False
    monkeypatch.setattr(sys, "platform", "win32")
    assert memory.give_back() is False
