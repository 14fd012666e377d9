"""The clock of a first contact or an inquiry in words: 12 minutes to go, 1 h 5 min too late."""

from __future__ import annotations

from flask_babel import gettext as _
from markupsafe import Markup

from admin_app.rules.clocks import Clock

HOUR = 60
WHOLE_HOURS = 10  # from so many hours on minutes are not told


def left(running: Clock) -> str:
    """What is left of a clock, or by how much it is over."""
    hours, minutes = divmod(abs(running.left), HOUR)
    if not hours:
        return _("%(minutes)s minutes over", minutes=minutes) if running.late else _(
            "%(minutes)s minutes to go", minutes=minutes)
    if hours >= WHOLE_HOURS or not minutes:
        return _("%(hours)s hours over", hours=hours) if running.late else _("%(hours)s hours to go", hours=hours)
    if running.late:
        return _("%(hours)s h %(minutes)s min over", hours=hours, minutes=minutes)
    return _("%(hours)s h %(minutes)s min to go", hours=hours, minutes=minutes)


def html(running: Clock) -> Markup:
    """The same in its colour: green, amber or red."""
    return Markup('<span class="{}">{}</span>').format(running.tone, left(running))
