"""Photos of a visit: what is taken, and how it is made harmless and small (SAFETY, uploads)."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Collection
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from PIL import Image, ImageOps

from admin_app import access
from admin_app.errors import RuleError
from admin_app.models import Photo, PhotoData, Visit

MOST = 6  # photos of one form (default)
LARGEST = 10 * 1024 * 1024  # bytes of one file
MOST_PIXELS = 50_000_000  # a file that unpacks into more is refused before it is unpacked
LONGEST, SMALL = 1600, 240  # pixels of the longer side: the photo, and the one that lists show
FORMATS = ("JPEG", "PNG", "WEBP")


class Picture(NamedTuple):
    """A photo as it is kept: JPEG, upright, without what the camera wrote beside it."""

    full: bytes
    small: bytes
    width: int
    height: int


def read(data: bytes) -> Picture:
    """Unpack an uploaded file and make a new JPEG of its pixels. RuleError at `photo` for anything that is not a photo.

    Nothing of the file itself is kept: neither place nor camera, nor anything that hides behind the picture.
    """
    if len(data) > LARGEST:
        raise RuleError(_l("A photo may have at most 10 MB."), "photo")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise RuleError(_l("This photo has too many pixels."), "photo")
            image.draft("RGB", (LONGEST, LONGEST))  # a large JPEG is unpacked at a fraction of its size
            upright = _flat(ImageOps.exif_transpose(image))
    except RuleError:
        raise
    except Exception as error:  # what a broken file raises depends on where it is broken
        raise RuleError(_l("Only photos (JPEG, PNG, WebP) can be added; this file is none."), "photo") from error
    upright.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    full, (width, height) = _jpeg(upright), upright.size
    upright.thumbnail((SMALL, SMALL), Image.Resampling.LANCZOS)
    return Picture(full, _jpeg(upright), width, height)


def _flat(image: Image.Image) -> Image.Image:
    """The picture in plain colours, on white where it is transparent."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        sheet = Image.new("RGB", image.size, "white")
        layer = image.convert("RGBA")
        sheet.paste(layer, mask=layer)
        return sheet
    return image.convert("RGB")


def _jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    clean = Image.frombytes("RGB", image.size, image.tobytes())
    clean.save(file, "JPEG", quality=82, optimize=True)
    return file.getvalue()


def check_count(count: int) -> None:
    """RuleError at `photo` where a form brings too many."""
    if count > MOST:
        raise RuleError(_l("At most %(most)s photos at a time.", most=MOST), "photo")


def add(session: Any, visit: Visit, pictures: Collection[Picture], at: dt.datetime) -> list[Photo]:
    """Keep photos with a visit that is flushed. Returns the rows; the caller commits."""
    actor = access.actor_of(session)
    rows = [Photo(store_id=visit.store_id, customer_id=visit.customer_id, visit_id=visit.id, at=at,
                  by_id=actor.user_id if actor else None, width=one.width, height=one.height) for one in pictures]
    session.add_all(rows)
    session.flush()
    session.add_all(PhotoData(id=row.id, full=one.full, small=one.small)
                    for row, one in zip(rows, pictures, strict=True))
    visit.photo_count = (visit.photo_count or 0) + len(rows)
    session.flush()
    return rows


def of_visits(session: Any, visit_ids: Collection[int]) -> dict[int, list[int]]:
    """The keys of the photos that the acting person may see, by visit, the oldest first."""
    found: dict[int, list[int]] = {}
    for photo_id, visit_id in session.execute(sa.select(Photo.id, Photo.visit_id).where(
            Photo.visit_id.in_(visit_ids)).order_by(Photo.id)):
        found.setdefault(visit_id, []).append(photo_id)
    return found


def picture(session: Any, photo_id: int, small: bool) -> bytes | None:
    """The JPEG of a photo that the acting person may see; None where she may not, or the key does not open it."""
    if session.scalars(sa.select(Photo.id).where(Photo.id == photo_id)).first() is None:
        return None
    column = PhotoData.small if small else PhotoData.full
    found: bytes | None = session.scalars(sa.select(column).where(PhotoData.id == photo_id)).first()
    return found
