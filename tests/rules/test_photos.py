"""Photos of a visit: what is taken, and that nothing but the picture is kept."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from admin_app.errors import RuleError
from admin_app.rules import photos
from tests.cast import NOW
from tests.factories import make_customer, make_visit


def jpeg(width: int, height: int, *, turned: int = 1, place: bool = False, kind: str = "JPEG") -> bytes:
    """A picture that is red on its left and blue on its right."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width // 2, height))
    exif = Image.Exif()
    exif[0x0112] = turned
    exif[0x010F] = "SecretCamera"
    if place:
        exif.get_ifd(0x8825)[2] = (30.0, 15.0, 30.0)
    file = io.BytesIO()
    image.save(file, kind, exif=exif)
    return file.getvalue()


def bomb(side: int) -> bytes:
    """A small PNG that says it unpacks into side × side pixels."""
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100_000)) + chunk(
        b"IEND", b"")


def test_a_photo_is_made_smaller_and_forgets_place_and_camera() -> None:
    data = jpeg(4000, 2000, place=True)
    assert b"SecretCamera" in data
    taken = photos.read(data)
    assert (taken.width, taken.height) == (1600, 800)
    for kept in (taken.full, taken.small):
        image = Image.open(io.BytesIO(kept))
        assert image.format == "JPEG" and len(image.getexif()) == 0 and b"SecretCamera" not in kept
    assert max(Image.open(io.BytesIO(taken.small)).size) == photos.SMALL


def test_a_photo_taken_sideways_stands_upright() -> None:
    taken = photos.read(jpeg(400, 200, turned=6))  # the camera was turned: red is at the top
    assert (taken.width, taken.height) == (200, 400)
    red, _green, blue = Image.open(io.BytesIO(taken.full)).getpixel((100, 20))
    assert red > 200 > blue


def test_a_small_photo_is_not_made_larger() -> None:
    assert photos.read(jpeg(60, 40))[2:] == (60, 40)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_other_kinds_become_jpeg(kind: str) -> None:
    assert Image.open(io.BytesIO(photos.read(jpeg(300, 300, kind=kind)).full)).format == "JPEG"


def test_what_is_see_through_stands_on_white() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(file, "PNG")
    assert min(Image.open(io.BytesIO(photos.read(file.getvalue()).full)).getpixel((25, 25))) > 250


def gif() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (10, 10)).save(file, "GIF")
    return file.getvalue()


@pytest.mark.parametrize("data", [
    b"", b"<script>alert(1)</script>", b"%PDF-1.7", gif(), jpeg(800, 600)[:2000], bomb(20_000), bomb(60_000),
    b"\xff" * (photos.LARGEST + 1)], ids=["empty", "script", "pdf", "gif", "cut", "bomb", "huge bomb", "large"])
def test_anything_else_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(RuleError) as refused:
        photos.read(data)
    assert refused.value.field == "photo" and str(refused.value)


def test_a_photo_lies_encrypted_and_is_seen_through_the_gate(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    visit = make_visit(session, customer, staff=cast.sales_consultant)
    taken = photos.read(jpeg(300, 200))
    (row,) = photos.add(session, visit, [taken], NOW)
    session.commit()
    assert visit.photo_count == 1
    stored = session.connection().exec_driver_sql("SELECT full, small FROM photo_data").one()
    assert all(text.startswith("gAAAA") for text in stored)
    assert photos.picture(session, row.id, small=False) == taken.full
    assert photos.of_visits(session, [visit.id]) == {visit.id: [row.id]}
