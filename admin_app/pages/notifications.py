"""The bell: a person's own notifications, read and unread."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, redirect, render_template, request
from flask_babel import lazy_gettext as _l

from admin_app import access
from admin_app.choices import NotificationKind
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk.view import is_key
from admin_app.rules import notifications

bp = Blueprint("notifications", __name__, url_prefix="/admin/notification")

MOST = 100  # on the page
SHOWN = {"unread": _l("Unread"), "all": _l("All")}
ICONS = {NotificationKind.TASK: "swap", NotificationKind.CUSTOMER: "people", NotificationKind.COMPLAINT: "alert",
         NotificationKind.FIRST_CONTACT: "clock", NotificationKind.REQUEST: "shield",
         NotificationKind.DIGEST: "today"}


def register(app: Flask) -> None:
    """Serve /admin/notification/."""
    app.register_blueprint(bp)


@bp.get("/")
def show() -> Any:
    """The person's own notifications, the latest first; those that are read already with `?show=all`."""
    me = access.current().user_id or 0
    tab = "all" if request.args.get("show") == "all" else "unread"
    rows = notifications.of_person(db.session, me, unread=tab == "unread", most=MOST + 1)
    return render_template("notifications.html", rows=rows[:MOST], more=len(rows) > MOST, tab=tab, shown=SHOWN,
                           icons=ICONS)


@bp.post("/read/")
def read() -> Any:
    """Mark the notification `id`, or all of them, as read; those of other people stay as they are."""
    number = request.form.get("id", "")
    keys = None if request.form.get("all") == "1" else [int(number)] if is_key(number) else []
    notifications.mark_read(db.session, access.current().user_id or 0, keys, utcnow())
    db.session.commit()
    if request.accept_mimetypes.best == "application/json":
        return {"read": True}
    return redirect("/admin/notification/" + ("?show=all" if request.form.get("show") == "all" else ""))
