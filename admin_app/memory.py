"""How a process gives memory back that it needed for a moment only.

Checking a password takes 19 MiB for a tenth of a second (argon2). The C library of Linux keeps what several threads
had at once for the next time: 70 MiB a worker after the sign-ins of one morning.
"""

from __future__ import annotations

import ctypes
import gc
import sys

# What the C library calls its settings (mallopt of glibc), and ours.
ARENA_MAX, MMAP_THRESHOLD = -8, -3
ARENAS = 2  # places from which threads take memory; by default eight a core
LARGE = 1024 * 1024  # bytes from which on a block is asked of the system for itself, and given back with its end


def give_back() -> bool:
    """Ask the C library to give large blocks back at once, and to keep few places; False where it cannot be asked."""
    if sys.platform != "linux":
        return False
    try:
        ask = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another library than glibc
        return False
    return bool(ask(MMAP_THRESHOLD, LARGE) and ask(ARENA_MAX, ARENAS))


def ready() -> None:
    """Call what the program itself is made of lasting: the search for what nobody needs any more leaves it out, comes
    more often and ends sooner."""
    gc.collect()
    gc.freeze()
