"""The list of files that may be one customer, the verdict that they are two, and the warning while a form is filled in.

Whoever may read customers sees the pairs within his scope; whoever may write verdicts says "two people" and takes it
back; whoever may merge goes on to pages/merging.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, flash, jsonify, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import selectinload

from admin_app import access, access_log, cleaning
from admin_app.choices import Likelihood, TwinSign
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk import kinds
from admin_app.desk.view import is_key
from admin_app.errors import Refused, RuleError
from admin_app.masking import masked
from admin_app.models import Customer, CustomerMerge, DistinctPair, User
from admin_app.pages.failures import safe_path
from admin_app.pages.whose import Whose
from admin_app.rules import duplicates, twins

bp = Blueprint("duplicates", __name__, url_prefix="/admin/duplicates")

PAGE = 30  # pairs on a page
SHOWS = ("pairs", "apart", "merged")
LONGEST = 120  # characters of a typed value that are looked at


def register(app: Flask) -> None:
    """Serve /admin/duplicates/."""
    app.register_blueprint(bp)


def may_decide() -> bool:
    """Whether the person says which files are two people."""
    return access.can("distinct_pair", "write")


# ---------------------------------------------------------------- the list


@bp.get("/")
def show() -> Any:
    """?show=pairs|apart|merged, ?sign= and ?owner= narrow the pairs, ?page= turns them. 403 without customers."""
    if not access.can("customer"):
        abort(403)
    shown = request.args.get("show", "pairs")
    if shown == "pairs" or shown not in SHOWS or not access.can("distinct_pair"):
        return _pairs()
    model = DistinctPair if shown == "apart" else CustomerMerge
    names = ("first", "second") if shown == "apart" else ("kept", "merged")
    page = _page()
    rows = list(db.session.scalars(sa.select(model).order_by(model.id.desc()).limit(PAGE + 1).offset(page * PAGE)))
    files = _named({getattr(row, f"{name}_id") for row in rows for name in names})
    people = _people({row.created_by_id for row in rows})
    return render_template("duplicates_done.html", show=shown, rows=rows[:PAGE], files=files, people=people,
                           page=page, more=len(rows) > PAGE, may_decide=may_decide(),
                           may_merge=access.can("customer", "merge"), address=_address)


def _pairs() -> str:
    found, page, whose = duplicates.pairs(db.session), _page(), Whose.asked(request.args)
    found = of(whose, found)
    counts = {sign: sum(sign in pair.signs for pair in found) for sign in TwinSign}
    sign = TwinSign.find(request.args.get("sign"))
    chosen = [pair for pair in found if sign is None or sign in pair.signs]
    here = chosen[page * PAGE:(page + 1) * PAGE]
    files = _files({key for pair in here for key in (pair.first, pair.second)})
    return render_template(
        "duplicates.html", pairs=here, files=files, total=len(chosen), all=len(found), counts=counts, sign=sign,
        person=whose.label(), page=page, more=len(chosen) > (page + 1) * PAGE, may_decide=may_decide(),
        address=_address, may_merge=access.can("customer", "merge"),
        sure=sum(pair.likelihood == Likelihood.SURE for pair in chosen))


def of(whose: Whose, pairs: list[duplicates.Pair]) -> list[duplicates.Pair]:
    """The pairs in which one of the files is of these people."""
    if not whose.criteria():
        return pairs
    keys = sorted({key for pair in pairs for key in (pair.first, pair.second)})
    theirs = {key for at in range(0, len(keys), 500) for key in db.session.scalars(sa.select(Customer.id).where(
        Customer.id.in_(keys[at:at + 500]), *whose.criteria()))}
    return [pair for pair in pairs if theirs & {pair.first, pair.second}]


def _page() -> int:
    text = request.args.get("page", "0")
    return min(int(text), 10_000) if is_key(text) else 0


def _address(**changes: Any) -> str:
    """The address of this list with some words changed; None takes a word out."""
    kept = ("show", "sign", "owner", "team", "by")
    given = {name: request.args[name] for name in kept if request.args.get(name)} | changes
    pairs = [(name, value) for name, value in given.items() if value not in (None, "", 0)]
    return f"{request.script_root}/admin/duplicates/" + (f"?{urlencode(pairs)}" if pairs else "")


def _files(ids: set[int]) -> dict[int, Customer]:
    return {row.id: row for row in db.session.scalars(sa.select(Customer).where(Customer.id.in_(ids)).options(
        selectinload(Customer.owner)))}


def _named(ids: set[int]) -> dict[int, str]:
    """Names of files, merged-away ones too, as far as the person could see them."""
    seen = access.readable(db.session, "customer", ids)
    with access.as_system(db.session, "names of merged files", include_deleted=True):
        found = db.session.execute(sa.select(Customer.id, Customer.name).where(Customer.id.in_(seen))).all()
    return {key: f"#{key}" for key in ids} | {row.id: row.name for row in found}


def _people(ids: set[int | None]) -> dict[int, str]:
    found = db.session.execute(sa.select(User.id, User.name).where(User.id.in_(ids - {None})))
    return {row.id: row.name for row in found}


# ---------------------------------------------------------------- verdicts


@bp.post("/apart/")
def apart() -> Any:
    """Two people, not one: first, second, reason."""
    if not may_decide():
        raise Refused(_("You may not decide about duplicates."))
    first, second = (file_or_404(request.form.get(name)) for name in ("first", "second"))
    try:
        duplicates.set_apart(db.session, first, second, request.form.get("reason"), utcnow())
        db.session.commit()
    except RuleError as error:
        db.session.rollback()
        if isinstance(error, Refused):
            raise
        flash(str(error.message), "error")
        return redirect(back())
    flash(_("%(first)s and %(second)s stay two customers.", first=first.name, second=second.name), "success")
    return redirect(back())


@bp.post("/together/")
def together() -> Any:
    """The verdict on a pair (id) is taken back."""
    if not may_decide():
        raise Refused(_("You may not decide about duplicates."))
    text = request.form.get("id", "")
    pair = db.session.scalars(sa.select(DistinctPair).where(
        DistinctPair.id == (int(text) if is_key(text) else 0))).first()
    if pair is None:
        abort(404)
    duplicates.take_back(db.session, pair, utcnow())
    db.session.commit()
    flash(_("The verdict is taken back."), "success")
    return redirect(back("apart"))


def file_or_404(text: str | None) -> Customer:
    """The file with this key as the gate shows it."""
    found = db.session.scalars(sa.select(Customer).where(Customer.id == int(text))).first() if (
        text and is_key(text)) else None
    if found is None:
        abort(404)
    return found


def back(show: str = "") -> str:
    """Where the form came from, else the list."""
    return safe_path(request.form.get("back")) or "/admin/duplicates/" + (f"?show={show}" if show else "")


# ---------------------------------------------------------------- while a form is filled in


@bp.post("/check/")
def check() -> Any:
    """Who has what a form says so far, as JSON {found: [...]}. Whole values only; logged as a search."""
    if not any(access.can(table, verb) for table in ("customer", "vehicle") for verb in ("create", "write")):
        raise Refused(_("You may not do this."))
    typed, own = _typed(), request.form.get("id", "")
    if not typed.any:
        return jsonify(found=[])
    this = db.session.scalars(sa.select(Customer).where(Customer.id == int(own))).first() if is_key(own) else None
    store_id = this.store_id if this is not None else access.current().store_id or 0
    found = twins.find(db.session, typed, store_id, this.id if this is not None else None)
    answer = [_told(twin, this) for twin in found]
    db.session.rollback()  # the log is written on a connection of its own
    said = [*typed.numbers, typed.vin, typed.plate, typed.name and f"{typed.name} {typed.birthday}"]
    access_log.searched("customer", " ".join(str(part) for part in said if part), len(answer))
    return jsonify(found=answer)


def _typed() -> twins.Typed:
    def text(name: str) -> str:
        return request.form.get(name, "")[:LONGEST].strip()

    numbers = [cleaning.phone(text(name)).value for name in ("phone", "phone2")]
    born = kinds.READ["day"](text("birthday")).value if text("birthday") else None
    name = cleaning.name(text("name")).value if born is not None and text("name") else None
    return twins.Typed(
        numbers=tuple(number for number in numbers if number), plate=cleaning.plate(text("plate")).value,
        vin=cleaning.vin(text("vin")).value, name=name, birthday=born if name else None)


def _told(twin: twins.Twin, this: Customer | None) -> dict[str, Any]:
    """What the form is told of a file: no more than a sentence where it lies outside the person's scope."""
    customer = twin.customer
    if customer is None:
        return {"sentence": str(twin.sentence())}
    told = {"name": customer.name, "phone": masked("phone", customer.phone), "owner": twin.owner or _("the pool"),
            "why": [str(sign.label) for sign in twin.signs], "open": f"/admin/customer/details/?id={customer.id}"}
    both = this is not None and access.can("customer", "merge")
    return told | ({"merge": f"/admin/duplicates/merge/?keep={customer.id}&drop={this.id}"} if both and this else {})
