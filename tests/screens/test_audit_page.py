"""The change record on the screen: whoever may not read a table sees that it changed, not what."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from admin_app import access
from admin_app import models as m
from tests import factories as f
from tests.cast import Cast


def test_an_administrator_does_not_read_customers_through_the_log(sign_in: Any, session: Any, cast: Cast) -> None:
    f.make_customer(session, owner=cast.sales_consultant, name="赵建国", note="只有经理知道")
    session.commit()
    entry = session.scalars(access.ungated(sa.select(m.AuditEntry).where(m.AuditEntry.table == "customer"))).one()
    pages = ("/admin/audit_entry/", f"/admin/audit_entry/details/?id={entry.id}",
             "/admin/audit_entry/?search=赵建国")
    administrator, manager = sign_in(cast.administrator), sign_in(cast.general_manager)
    for path in pages:
        hidden = administrator.get(path)
        assert hidden.status_code == 200
        assert "只有经理知道" not in hidden.text
        assert ">赵建国<" not in hidden.text and "赵建国</" not in hidden.text
    shown = manager.get(pages[1]).text
    assert "赵建国" in shown
    assert "只有经理知道" in shown
