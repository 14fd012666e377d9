"""The same page from many connections at once, by a process of its own: requests a second.

Raw sockets, so that asking costs as little as it can of the cores that answer.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time

from bench.stores import ROOT

CONNECTIONS, SECONDS = 8, 5.0


def run(port: int, cookies: dict[str, str], path: str, connections: int = CONNECTIONS,
        seconds: float = SECONDS) -> float:
    """Requests a second, every one answered with 200. RuntimeError where one was not."""
    given = json.dumps([port, cookies, path, connections, seconds])
    said = subprocess.run([sys.executable, "-m", "bench.stress", given], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    found = json.loads(said.stdout)
    if found["failed"]:
        raise RuntimeError(f"{found['failed']} of {found['done']} requests failed")
    return float(found["done"]) / float(found["seconds"])


class Asking(threading.Thread):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, port: int, request: bytes, until: float) -> None:
        super().__init__(daemon=True)
        self.port, self.request, self.until = port, request, until
        self.done = self.failed = 0

    def run(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while time.monotonic() < self.until:
                connection.sendall(self.request)
                status = self._read(connection)
                self.done += 1
                self.failed += status != b"200"

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        """The status of an answer whose length is told."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, _blank, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65536)
        return head[9:12]


def main(given: str) -> None:
    port, cookies, path, connections, seconds = json.loads(given)
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    request = (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\nCookie: {cookie}\r\n\r\n").encode()
    began = time.monotonic()
    threads = [Asking(port, request, began + seconds) for _n in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"done": sum(one.done for one in threads), "failed": sum(one.failed for one in threads),
                      "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    main(sys.argv[1])
