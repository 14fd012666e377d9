"""An encrypted file written and read as a stream: AES-256-GCM in pieces, with the key of the installation.

Each piece carries its number and whether it is the last, so that a file that was cut, joined or turned round is
refused. A wrong key and a damaged file give the same sentence: nobody can tell them apart.
"""

from __future__ import annotations

import base64
import io
import os
import struct
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask_babel import gettext as _

from admin_app.errors import RuleError

MAGIC = b"CAREDESK-VAULT-1\n"
PIECE = 1024 * 1024
_LENGTH = struct.Struct(">I")


def _cipher(key: str, salt: bytes) -> AESGCM:
    secret = base64.urlsafe_b64decode(key)
    return AESGCM(HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=b"caredesk backup").derive(secret))


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


class Writer(io.RawIOBase):
    """Takes plain bytes and writes them encrypted to `file`; close() writes the last piece."""

    def __init__(self, file: IO[bytes], key: str) -> None:
        salt = os.urandom(16)
        file.write(MAGIC + salt)
        self._file, self._cipher, self._number, self._rest = file, _cipher(key, salt), 0, bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._rest += piece
        while len(self._rest) > PIECE:
            self._put(bytes(self._rest[:PIECE]), last=False)
            del self._rest[:PIECE]
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._put(bytes(self._rest), last=True)
            super().close()

    def _put(self, plain: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number), plain, b"last" if last else b"more")
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)
        self._number += 1


class Reader(io.RawIOBase):
    """Gives back the plain bytes of a Writer. RuleError where the file is not whole or the key is another."""

    def __init__(self, file: IO[bytes], key: str) -> None:
        if file.read(len(MAGIC)) != MAGIC:
            raise RuleError(_("This is not a backup of CareDesk."))
        self._file, self._cipher = file, _cipher(key, file.read(16))
        self._number, self._plain, self._ended = 0, memoryview(b""), False

    def readable(self) -> bool:
        return True

    def readinto(self, target: object) -> int:
        view = memoryview(target)  # type: ignore[arg-type]
        while not self._plain and not self._ended:
            self._next()
        count = min(len(view), len(self._plain))
        view[:count] = self._plain[:count]
        self._plain = self._plain[count:]
        return count

    def _next(self) -> None:
        head = self._file.read(_LENGTH.size)
        size = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
        sealed = self._file.read(size) if 0 < size <= PIECE + 64 else b""
        for mark in (b"more", b"last"):
            try:
                self._plain = memoryview(self._cipher.decrypt(_nonce(self._number), sealed, mark))
            except (InvalidTag, ValueError):
                continue
            self._number += 1
            self._ended = mark == b"last"
            return
        raise RuleError(_("The backup is damaged, or it was made with another CAREDESK_ENCRYPTION_KEY."))
