"""Two files side by side: choose field by field, merge, undo (UX 16). Private values are chosen without being shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.exc import StaleDataError

from admin_app import access, access_log
from admin_app.clock import utcnow
from admin_app.columns import fields
from admin_app.database import db
from admin_app.desk import cells
from admin_app.desk.view import is_key
from admin_app.errors import Refused, RuleError, StaleRow
from admin_app.models import Customer, CustomerMerge, Vehicle
from admin_app.pages.duplicates import file_or_404
from admin_app.pages.recycle import table_label
from admin_app.rules import duplicates, merging
from admin_app.rules.merging import dependants

bp = Blueprint("merging", __name__, url_prefix="/admin/duplicates")

LINKS = ("owner", "advisor", "referrer")
SEEN_BEFORE = "/admin/duplicates/"


def register(app: Flask) -> None:
    """Serve /admin/duplicates/merge/ and /admin/duplicates/undo/."""
    app.register_blueprint(bp)


@dataclass(frozen=True)
class Line:
    """One field of the comparison: what each side shows and what is chosen."""

    option: merging.Option
    kept: Any
    merged: Any
    joined: Any
    chosen: str


@bp.get("/merge/")
def compare() -> Any:
    """Both files, ?keep= the one that stays and ?drop= the one that goes into it."""
    kept, merged = _both()
    access_log.viewed("customer", kept.id)
    access_log.viewed("customer", merged.id)
    return _page(kept, merged, {})


@bp.post("/merge/")
def merge() -> Any:
    """Merge with the choices of the form; 409 with the page again where one of the files changed meanwhile."""
    kept, merged = _both()
    chosen = {name: request.form[f"side_{name}"] for name, _column, _field in fields(Customer)
              if f"side_{name}" in request.form}
    names = kept.name, merged.name
    try:
        row, notices = merging.merge(db.session, kept, merged, chosen, utcnow(), versions=_versions(),
                                     why=request.form.get("why"))
        number, key, moved = kept.id, row.id, row.moved_rows
        db.session.commit()
    except (StaleRow, StaleDataError, sa.exc.IntegrityError) as error:
        db.session.rollback()
        said = error.message if isinstance(error, StaleRow) else _(
            "One of the two files was changed or merged in the meantime. Nothing was merged; look at both again.")
        return _again(str(said), chosen)
    except RuleError as error:
        db.session.rollback()
        if isinstance(error, Refused):
            raise
        return _page(*_both(), chosen, str(error.message)), 400
    for _field, sentence in notices:
        flash(str(sentence), "warning")
    flash(ngettext("%(merged)s went into %(kept)s; one record moved.", "%(merged)s went into %(kept)s; %(num)d records "
                   "moved.", moved, merged=names[1], kept=names[0]), "success")
    flash(f"{request.script_root}/admin/duplicates/undo/?id={key}", "undo")
    return redirect(f"/admin/customer/details/?id={number}")


def _again(sentence: str, chosen: dict[str, str]) -> Any:
    """The page as it stands now; a sentence alone where one of the files is gone."""
    keys = [request.values.get(name, "") for name in ("keep", "drop")]
    there = set(db.session.scalars(sa.select(Customer.id).where(Customer.id.in_([int(one) for one in keys]))))
    if len(there) < 2:
        raise StaleRow(sentence)
    return _page(*_both(), chosen, sentence), 409


@bp.post("/undo/")
def undo() -> Any:
    """Part the two files of a merge (id) again; a sentence where that would lose something."""
    if not access.can("customer", "merge"):
        raise Refused(_("You may not merge files."))
    text = request.values.get("id", "")
    row = db.session.scalars(sa.select(CustomerMerge).where(
        CustomerMerge.id == (int(text) if is_key(text) else 0))).first()
    if row is None:
        abort(404)
    kept_id = row.kept_id
    try:
        kept, merged = merging.undo(db.session, row, utcnow())
        names = kept.name, merged.name
        db.session.commit()
    except (RuleError, StaleDataError) as error:
        db.session.rollback()
        if isinstance(error, Refused):
            raise
        flash(str(error.message) if isinstance(error, RuleError) else _("Somebody else was faster"), "error")
    else:
        flash(_("%(kept)s and %(merged)s are two files again.", kept=names[0], merged=names[1]), "success")
    seen = db.session.scalars(sa.select(Customer.id).where(Customer.id == kept_id)).first()
    return redirect(f"/admin/customer/details/?id={kept_id}" if seen else SEEN_BEFORE)


# ---------------------------------------------------------------- the page


def _both() -> tuple[Customer, Customer]:
    if not access.can("customer", "merge"):
        raise Refused(_("You may not merge files."))
    kept, merged = (file_or_404(request.values.get(name)) for name in ("keep", "drop"))
    merging.check_right(db.session, kept, merged)
    return kept, merged


def _versions() -> tuple[int, int]:
    texts = [request.form.get(name, "") for name in ("keep_version", "drop_version")]
    if not all(is_key(text) for text in texts):
        abort(400)
    return int(texts[0]), int(texts[1])


def _page(kept: Customer, merged: Customer, chosen: dict[str, str], error: str = "") -> str:
    both = {row.id: row for row in db.session.scalars(sa.select(Customer).where(
        Customer.id.in_((kept.id, merged.id))).options(*[selectinload(getattr(Customer, name)) for name in LINKS]))}
    lines = [_line(option, both[kept.id], both[merged.id], chosen) for option in merging.options(
        db.session, kept, merged)]
    cars = {key: {value for car in db.session.scalars(sa.select(Vehicle).where(Vehicle.customer_id == key))
                  for value in (car.vin, car.plate) if value} for key in both}
    return render_template(
        "duplicates_merge.html", kept=both[kept.id], merged=both[merged.id], error=error,
        asked=[line for line in lines if line.option.asked],
        alone=[line for line in lines if not line.option.asked and line.option.sides == ("merged",)],
        same=[line for line in lines if not line.option.asked and line.option.sides != ("merged",)],
        signs=duplicates.signs_of(kept, merged, cars[kept.id], cars[merged.id]), why=request.form.get("why", ""),
        counts=_counts(kept.id, merged.id), table_label=table_label)


def _counts(kept_id: int, merged_id: int) -> list[tuple[str, int, int]]:
    """(table, records of the file that stays, records that move) of everything that names one of the files."""
    mine, theirs = dependants.counts(db.session, kept_id), dependants.counts(db.session, merged_id)
    return [(table, mine.get(table, 0), theirs.get(table, 0)) for table in sorted(mine.keys() | theirs.keys())]


def _line(option: merging.Option, kept: Customer, merged: Customer, chosen: dict[str, str]) -> Line:
    def shown(row: Customer) -> Any:
        value = getattr(row, option.name)
        if value in (None, "", []):
            return ""
        linked = getattr(row, option.name[:-3], None) if option.field.kind == "link" else None
        return cells.in_list(option.field, option.name, value, linked) if option.field.kind in (
            "choice", "tags") else cells.plain(option.field, value, linked)

    side = chosen.get(option.name, option.proposed)
    return Line(option, shown(kept), shown(merged), _("Keep both") if "both" in option.sides else "",
                side if side in option.sides else option.proposed)
