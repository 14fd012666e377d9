"""Requests for a second person: asking, deciding, and using an approval once (rules/requests)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.datastructures import MultiDict

from admin_app import access, menu, once, words
from admin_app.choices import RequestState, RequestVerb
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk import asking, chosen, handing
from admin_app.desk.view import is_key
from admin_app.errors import Refused, RuleError
from admin_app.models import SecondPersonRequest
from admin_app.rules import requests

bp = Blueprint("requests", __name__, url_prefix="/admin/requests")

SHOWN = {"waiting": _l("Waiting for me"), "mine": _l("Mine"), "all": _l("All")}
MOST_SHOWN = 50


def register(app: Flask) -> None:
    """Serve /admin/requests/."""
    app.register_blueprint(bp)


def view_of(table: str) -> Any:
    """The generated screen of a table; 404 where there is none."""
    found = (view for view in current_app.extensions["admin"][0]._views if getattr(view, "table", None) == table)
    view = next(found, None)
    if view is None:
        abort(404)
    return view


# ---------------------------------------------------------------- the list


@bp.get("/")
def show() -> Any:
    """What waits for me, what I asked for, and what else I may read; 403 for those who read no requests."""
    if not access.can("second_person_request"):
        abort(403)
    for_me = requests.waiting(db.session)
    tab = request.args.get("show", "")
    tab = tab if tab in SHOWN else "waiting" if for_me else "mine" if _asked_before() else "all"
    rows = for_me if tab == "waiting" else _rows(tab)
    return render_template("requests.html", rows=[_line(row) for row in rows], tab=tab, shown=SHOWN,
                           for_me={row.id for row in for_me}, me=access.current().user_id,
                           hours=int(requests.GOOD_FOR.total_seconds() // 3600))


def _asked_before() -> bool:
    mine = SecondPersonRequest.created_by_id == access.current().user_id
    return db.session.scalars(sa.select(SecondPersonRequest.id).where(mine).limit(1)).first() is not None


def _rows(tab: str) -> list[SecondPersonRequest]:
    asked = sa.select(SecondPersonRequest).options(
        selectinload(SecondPersonRequest.created_by), selectinload(SecondPersonRequest.decided_by))
    if tab == "mine":
        asked = asked.where(SecondPersonRequest.created_by_id == access.current().user_id)
    return list(db.session.scalars(asked.order_by(SecondPersonRequest.id.desc()).limit(MOST_SHOWN)))


def _line(row: SecondPersonRequest) -> dict[str, Any]:
    """A request as the page shows it: in words, nothing private in full."""
    view = view_of(row.table)
    names = [view.about[name].label for name in row.columns or () if name in view.about]
    late = row.state == RequestState.APPROVED and requests.is_late(row, utcnow())
    return {"row": row, "table": view.many, "narrowed": asking.narrowed(view, _query(row.query)), "columns": names,
            "records": _records(view, row), "late": late}


def _query(text: str | None) -> MultiDict[str, str]:
    return MultiDict(parse_qsl(text or ""))


def _records(view: Any, row: SecondPersonRequest) -> list[tuple[int, str]]:
    """(key, name) of the first records of a deletion, as far as the reader sees them."""
    if row.verb != RequestVerb.DELETE:
        return []
    keys = requests.keys_of(row)[:10]
    return [(one.id, view.heading(one)) for one in db.session.scalars(
        sa.select(view.model).where(view.model.id.in_(keys)).order_by(view.model.id))]


# ---------------------------------------------------------------- asking


@bp.get("/new/")
def ask_form() -> Any:
    """The form that asks for a second person; 403 for those who may not ask for this."""
    return _form(*_wanted(request.args), request.args)


@bp.post("/new/")
def ask() -> Any:
    """Ask. The form comes back with the sentence where something is missing."""
    view, verb = _wanted(request.form)
    led = once.taken(db.session, request.form.get("once"))
    if led:
        return redirect(led)
    try:
        form = request.form
        names = asking.columns_of(view, form) if verb in requests.EXPORTS else []
        made = requests.ask(
            db.session, verb, view.table, _ids(view, verb, form), purpose=form.get("purpose", ""),
            recipient=form.get("recipient", ""), form=form.get("form") if verb in requests.EXPORTS else None,
            query=form.get("query", ""), columns=names, now=utcnow())
        once.take(db.session, form.get("once"), "/admin/requests/?show=mine")
        db.session.commit()
    except Refused:
        db.session.rollback()
        raise
    except RuleError as error:
        db.session.rollback()
        return _form(view, verb, request.form, error), 400
    flash(ngettext("Somebody else is asked: one row.", "Somebody else is asked: %(num)d rows.", made.count or 0),
          "success")
    return redirect("/admin/requests/?show=mine")


def _wanted(given: Any) -> tuple[Any, RequestVerb]:
    """(screen, verb) of the address: 404 for what is not there, 403 for what this person may not ask for."""
    verb = RequestVerb.find(given.get("verb", ""))
    view = view_of(given.get("table", ""))
    if verb is None or (verb in requests.EXPORTS and given.get("form") not in handing.KINDS):
        abort(404)
    if not requests.may_ask(access.current(), view.table, verb) or (verb == RequestVerb.DELETE and not view.drop):
        abort(403)
    return view, verb


def _ids(view: Any, verb: RequestVerb, given: Any) -> list[Any]:
    """The keys that the request is about, one more than it may hold; for a deletion with their versions."""
    if verb in requests.EXPORTS:
        bare = view.statement(view.asked(_query(given.get("query"))))
        return list(db.session.scalars(bare.with_only_columns(view.model.id).limit(requests.MOST_ROWS + 1)))
    keys = {int(text) for text in given.getlist("id") if is_key(text)}
    rows = db.session.execute(sa.select(view.model.id, view.model.version).where(view.model.id.in_(keys)))
    found = [[row.id, row.version] for row in rows]
    if not found or len(found) != len(keys):
        abort(404)
    if access.within(db.session, access.current(), view.table, keys, "delete") != keys:
        abort(403)
    return found


def _form(view: Any, verb: RequestVerb, given: Any, error: RuleError | None = None) -> str:
    ids = _ids(view, verb, given)
    if verb in requests.EXPORTS:  # the number of rows tells what a search would
        view.log_searches(view.asked(_query(given.get("query"))), len(ids))
    names = asking.columns_of(view, given)
    keys = [one[0] for one in ids[:10]] if verb == RequestVerb.DELETE else []
    records = db.session.scalars(sa.select(view.model).where(view.model.id.in_(keys))) if keys else ()
    return render_template(
        "requests_new.html", view=view, verb=verb, given=given, error=error, number=len(ids),
        most=requests.MOST_ROWS, keys=[one[0] for one in ids] if keys else [], key=given.get("once") or once.new_key(),
        records=[view.heading(one) for one in records], columns=[view.about[name].label for name in names],
        names=names, narrowed=asking.narrowed(view, _query(given.get("query"))))


# ---------------------------------------------------------------- deciding and using


@bp.post("/decide/")
def decide() -> Any:
    """Approve or refuse a request of somebody else."""
    row, note = _row(), request.form.get("note", "")
    verb = request.form.get("verb")
    if verb not in ("approve", "refuse"):
        abort(400)

    def work() -> str:
        act = requests.approve if verb == "approve" else requests.refuse
        act(db.session, row, note, utcnow())
        db.session.commit()
        return _("Approved.") if verb == "approve" else _("Refused.")

    return _done(work)


@bp.post("/withdraw/")
def withdraw() -> Any:
    """Take one's own request back."""
    row = _row()

    def work() -> str:
        requests.withdraw(db.session, row)
        db.session.commit()
        return _("The request is withdrawn.")

    return _done(work)


@bp.post("/use/")
def use() -> Any:
    """Do what was approved, once: the file as an answer, or the rows into the recycle bin."""
    row = _row()
    if row.verb in requests.EXPORTS:
        return _done(lambda: _file(row))

    def work() -> str:
        number = requests.delete_rows(db.session, row, utcnow())
        db.session.commit()
        return ngettext("One record is in the recycle bin.", "%(num)d records are in the recycle bin.", number)

    return _done(work)


def _file(row: SecondPersonRequest) -> Any:
    """The approved query and columns in the scope and masks of the person, no row beside the approved ones."""
    requests.begin_use(db.session, row, utcnow())
    view, full = view_of(row.table), row.verb == RequestVerb.EXPORT_FULL
    names = chosen.fitting(view, row.columns or ())[0]
    export = view.taken(_query(row.query), names, full=full, mark=_mark(row) if full else "",
                        approved=frozenset(requests.keys_of(row)))
    return view.hand_out(export, row.form or "csv", lambda number: requests.log_export(db.session, row, number),
                         row.count)


def _mark(row: SecondPersonRequest) -> str:
    """The watermark of a file with full numbers: by whom, when, for whom, under which mark."""
    return _("%(mark)s · %(name)s · %(time)s · for %(recipient)s", mark=row.mark, name=access.current().name,
             time=words.moment(row.used_at), recipient=row.recipient)


def _done(work: Any) -> Any:
    """Do it, or say why not with nothing changed; a file is the answer itself."""
    try:
        said = work()
    except Refused:
        db.session.rollback()
        raise
    except (RuleError, StaleDataError, handing.TooMany) as error:
        db.session.rollback()
        why = error.message if isinstance(error, RuleError) else _(
            "There are more rows now than were approved. Ask again.") if isinstance(error, handing.TooMany) else _(
            "Somebody else was faster. Load the page again.")
        flash(str(why), "error")
        return redirect("/admin/requests/")
    if not isinstance(said, str):
        return said
    flash(said, "success")
    return redirect("/admin/requests/")


def _row() -> SecondPersonRequest:
    """The request of the form, through the gate: 404 where it is out of sight."""
    if not access.can("second_person_request"):
        abort(403)
    text = request.form.get("id", "")
    row = db.session.scalars(sa.select(SecondPersonRequest).where(
        SecondPersonRequest.id == int(text))).first() if is_key(text) else None
    if row is None:
        abort(404)
    return row


@menu.counted("requests")
def waiting_count() -> int | None:
    """How many requests wait for the signed-in person; None for none."""
    return len(requests.waiting(db.session)) or None
