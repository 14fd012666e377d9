"""A photo of a visit, to those who may see the customer: /admin/photo/file/<id>/, never kept by a browser."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, abort, request
from flask_babel import gettext as _

from admin_app import access, access_log
from admin_app.database import db
from admin_app.errors import Refused
from admin_app.rules import photos

bp = Blueprint("photos", __name__, url_prefix="/admin/photo/file")


def register(app: Flask) -> None:
    """Serve /admin/photo/file/<id>/."""
    app.register_blueprint(bp)


@bp.get("/<int:photo_id>/")
def show(photo_id: int) -> Any:
    """The JPEG; ?small=1 the one for lists. 404 out of scope; opening the large one is logged."""
    if not access.can("photo"):
        abort(404)
    small = request.args.get("small") == "1"
    data = photos.picture(db.session, photo_id, small) if photo_id < 2**31 else None
    if data is None:
        abort(404)
    if not small:
        access_log.viewed("photo", photo_id)
    return Response(data, mimetype="image/jpeg", headers={
        "Cache-Control": "private, no-store", "Content-Disposition": f'inline; filename="photo-{photo_id}.jpg"'})


def uploaded() -> list[photos.Picture]:
    """The photos of the form at hand. RuleError at `photo` where one is none, is too large, or there are too many."""
    files = [file for file in request.files.getlist("photo") if file.filename]
    photos.check_count(len(files))
    if files and not access.can("photo", "create"):
        raise Refused(_("You may not add photos."))
    return [photos.read(file.stream.read(photos.LARGEST + 1)) for file in files]
