"""What a customer consents to, on his page: what holds for each purpose, and giving or withdrawing it by one button."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, flash, redirect, request
from flask_babel import gettext as _

from admin_app import access, people
from admin_app.choices import ConsentPurpose, ConsentSource, ConsentState
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk.view import is_key
from admin_app.errors import Refused
from admin_app.models import Customer
from admin_app.rules import consents

bp = Blueprint("consent_page", __name__, url_prefix="/admin/customer")


def register(app: Flask) -> None:
    """Serve POST /admin/customer/consent/."""
    app.register_blueprint(bp)


def shown(customer_id: int, counts: dict[str, int]) -> dict[str, Any]:
    """What the section of the page needs. `counts`: the lines of each kind, so that nothing is asked for in vain."""
    if not access.can("consent"):
        return {"consents": None}
    rows = consents.history(db.session, customer_id) if counts.get("consent") else []
    holding = consents.standing(rows)
    return {"consents": [(purpose, holding.get(purpose), people.name_of(holding[purpose].by_id) if purpose in holding
                          else None) for purpose in ConsentPurpose],
            "sources": ConsentSource, "may_consent": access.can("consent", "create")}


@bp.post("/consent/")
def record() -> Any:
    """The customer has said yes or no: `id`, `say` (PURPOSE:given or PURPOSE:withdrawn), `source`."""
    text = request.form.get("id", "")
    customer = db.session.scalars(sa.select(Customer).where(
        Customer.id == (int(text) if is_key(text) else 0))).first()
    if customer is None:
        abort(404)
    if not access.can("consent", "create"):
        raise Refused(_("You may not add records here."))
    name, _colon, said = request.form.get("say", "").partition(":")
    purpose, state = ConsentPurpose.find(name), ConsentState.find(said)
    source = ConsentSource.find(request.form.get("source"))
    if purpose is None or state is None or source is None:
        abort(400)
    consents.record(db.session, customer, purpose, state == ConsentState.GIVEN, utcnow(), source=source)
    key, who = customer.id, customer.name
    db.session.commit()
    flash(_("%(name)s – %(purpose)s: %(state)s.", name=who, purpose=purpose.label, state=state.label), "success")
    return redirect(f"/admin/customer/details/?id={key}#consents")
