"""A form that is drawn from kept pieces is the form itself, letter by letter, for every table, role and record."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from flask import g, get_template_attribute

from admin_app import access
from admin_app import choices as ch
from admin_app.database import db
from admin_app.desk import drawn, forms
from admin_app.models import BY_TABLE
from tests.cast import Cast
from tests.factories import (
    make_campaign,
    make_complaint,
    make_customer,
    make_followup,
    make_order,
    make_vehicle,
    make_visit,
)

ROLES = ("general_manager", "sales_manager", "sales_consultant", "care_manager", "administrator", "service_manager")


@pytest.fixture
def filled(session: Any, cast: Cast) -> None:
    """Records with everything that is hard to draw: signs of HTML, marks of replacing, lines, ticks, links, masks."""
    full = make_customer(
        session, owner=cast.sales_consultant, name='甲<b>"\'&\\1 {0}', phone="+8613912345678",
        note="一\n二\n三\n四\n五", tags=["常客", "a,b"],
        id_number="440301198503021234", birthday=dt.date(1985, 3, 2), do_not_disturb=True,
        grade=ch.Grade.H, tier=ch.Tier.A, source=ch.Source.REFERRAL, budget=150000, kept_apart=True)
    blank = make_customer(session, owner=cast.sales_consultant, name="空", phone=None, referrer_id=full.id)
    make_customer(session, owner=None, name="池", note="\x02text\x02 900000001")
    car = make_vehicle(session, full, vin="LSVAA4182E2999999", plate="粤B99X88")
    make_vehicle(session, blank, vin=None, plate=None)
    make_visit(session, full, staff=cast.sales_consultant, content="多行\n" * 12, vehicle_id=car.id)
    make_followup(session, full, assignee=cast.sales_consultant)
    make_order(session, full, advisor=cast.service_advisor, vehicle=car)
    make_campaign(session, owner=cast.marketing)
    make_complaint(session, full)
    session.commit()


def fields_both_ways(view: Any, row: Any) -> list[tuple[str, str, str]]:
    """(field, as drawn, as the form has it) of a record."""
    drawing = drawn.Drawing(view, view.plain_or_404(str(row.id)), drawn.open_names(view))
    found = {name: str(drawing._field(name)) for name in drawing.names}
    form = view._edit_form(view.row_or_404(str(row.id)))
    forms.offer_reveal(form, row)
    render: Any = get_template_attribute("macros.html", "render_field")
    names = [field.short_name for field in forms.desk_fields(form)]
    assert list(found) == names
    return [(name, found[name], str(render(form[name]))) for name in names]


@pytest.mark.parametrize("role", ROLES)
def test_every_field_of_every_record_reads_the_same(app: Any, session: Any, cast: Cast, filled: None,
                                                    role: str) -> None:
    person, seen = access.actor_for(session, getattr(cast, role)), 0
    views = [view for view in app.extensions["admin"][0]._views if getattr(view, "table", "") in BY_TABLE]
    for view in views:
        with app.test_request_context(f"/admin/{view.table}/edit/"):
            g.actor, g.shell_who = person, (role, "zh_Hans_CN", "", None)
            access.set_actor(db.session, person)
            if not view.can_edit:
                continue
            for _round in range(2):  # drawn for the first time, and from the kept pieces
                for row in db.session.scalars(db.select(view.model)).all():
                    for name, mine, theirs in fields_both_ways(view, row):
                        assert mine == theirs, (view.table, row.id, name)
                        seen += 1
    assert seen > 20
