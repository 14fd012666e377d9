"""The global search: /admin/search/?q= as a page, or as JSON for a script. Every search is logged."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, jsonify, redirect, render_template, request
from flask_babel import gettext as _

from admin_app import access, access_log, menu, search
from admin_app.database import db
from admin_app.masking import masked
from admin_app.pages import task_rows
from admin_app.pages.failures import wants_json

bp = Blueprint("search", __name__, url_prefix="/admin/search")


def register(app: Flask) -> None:
    """Serve /admin/search/."""
    task_rows.init_app(app)
    app.register_blueprint(bp)


@bp.get("/")
def find() -> Any:
    """What answers to ?q=. A page with one customer is left for that customer's where the person pressed Enter."""
    access.current()
    text = request.args.get("q", "")
    found = search.find(db.session, text)
    if len(found.text) >= search.SHORTEST:
        access_log.searched("customer", found.text, found.count)
    if wants_json():
        return jsonify(_json(found))
    commands = _commands(found.text)
    if found.only is not None and not commands:
        return redirect(f"/admin/customer/details/?id={found.only.id}")
    return render_template("search.html", found=found, commands=commands, shortest=search.SHORTEST,
                           address_of=search.address_of, hidden=not access.can("customer", "reveal"))


def _json(found: search.Found) -> dict[str, Any]:
    return {
        "query": found.text, "count": found.count, "more": sorted(found.more),
        "customers": [{"id": one.id, "name": one.name, "phone": masked("phone", one.phone),
                       "grade": str(one.grade), "stage": str(one.stage), "owner": one.owner.name if one.owner else None,
                       "url": f"/admin/customer/details/?id={one.id}"} for one in found.customers],
        "vehicles": [{"id": one.id, "model": one.model, "plate": masked("tail", one.plate),
                      "vin": masked("tail", one.vin), "customer": one.customer.name if one.customer else None,
                      "url": f"/admin/vehicle/details/?id={one.id}"} for one in found.vehicles],
        "complaints": [{"id": one.id, "number": one.number, "customer": one.customer.name if one.customer else None,
                        "url": f"/admin/complaint/details/?id={one.id}"} for one in found.complaints],
        "campaigns": [{"id": one.id, "name": one.name, "state": str(one.state),
                       "url": f"/admin/campaign/details/?id={one.id}"} for one in found.campaigns],
        "people": [{"id": one.id, "name": one.name, "team": one.team.name if one.team else None,
                    "role": one.role.name if one.role else None, "url": search.address_of(one)}
                   for one in found.people],
        "commands": [{"label": label, "url": href} for label, href in _commands(found.text)],
    }


def _commands(text: str) -> list[tuple[str, str]]:
    """Things to do and pages whose name holds the text, as far as the person may open them."""
    typed = text.lower()
    if len(typed) < search.SHORTEST:
        return []
    named = [(_("New: %(what)s", what=item["label"]) if item["href"] != "/admin/visit/log/" else str(item["label"]),
              item["href"]) for item in menu.new_items()]
    named += [(str(entry["label"]), entry["href"]) for section in menu.menu() for entry in section["entries"]]
    return [(label, href) for label, href in named if typed in label.lower()][:8]
