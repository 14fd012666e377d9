"""The web server under measure: gunicorn with several workers, as docs/operations.md starts it, on loopback."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.stores import ROOT

THREADS = 4


class Server:
    """A running gunicorn."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log

    def workers(self) -> list[int]:
        """The processes of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(number) for number in children.read_text().split()] if children.exists() else []

    def memory(self) -> list[float]:
        """Resident memory of each worker in MiB; empty where /proc does not tell."""
        found = []
        for worker in self.workers():
            for line in Path(f"/proc/{worker}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    found.append(int(line.split()[1]) / 1024)
        return found

    def cpu(self) -> float:
        """Milliseconds of a core that the workers have used so far; 0 where /proc does not tell."""
        used = 0
        for worker in self.workers():
            for thread in Path(f"/proc/{worker}/task").glob("*/schedstat"):
                with contextlib.suppress(OSError):  # the thread has just ended
                    used += int(thread.read_text().split()[0])
        return used / 1e6


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(application: str, environment: dict[str, str], log: Path, workers: int = 2) -> Iterator[Server]:
    """Serve an application such as `wsgi:app` for the length of the block."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-w", str(workers), "-k", "gthread", "--threads", str(THREADS),
               "-b", f"127.0.0.1:{port}", "--keep-alive", "75", "--log-level", "warning", application]
    with log.open("ab") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        _wait(process, port, log)
        yield Server(process, port, log)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until it answers. RuntimeError with its own last words where it does not."""
    for _n in range(300):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                connection.close()
                return
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')[-3000:]}")

