"""What stands under the bell on the first day, and a group robot that is switched off."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from admin_app.choices import NotificationKind, RobotKind
from admin_app.models import Customer, Robot, Store, User
from admin_app.rules import notifications

CODES = ("sales_consultant", "service_advisor")


def make(session: Any, now: dt.datetime) -> None:
    """Two customers that were given to each of some people, and the robot of the first store."""
    for code in CODES:
        person = session.scalars(sa.select(User).where(User.username == code)).first()
        if person is None:
            continue
        link = Customer.owner_id if code == "sales_consultant" else Customer.advisor_id
        latest = session.execute(sa.select(Customer.id, Customer.name).where(link == person.id).order_by(
            Customer.id.desc()).limit(2)).all()
        for number, row in reversed(list(enumerate(latest))):
            notifications.notify(session, person.id, NotificationKind.CUSTOMER, f"转给您的客户：{row.name}",
                                 f"/admin/customer/details/?id={row.id}", f"demo:{row.id}",
                                 now - dt.timedelta(hours=2 + 20 * number))
    store = session.scalars(sa.select(Store).order_by(Store.id)).first()
    if store is not None:
        session.add(Robot(name="展厅晨会群（示例，未启用）", kind=RobotKind.WECOM, store_id=store.id, active=False,
                          address="https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=demo-0000"))
        session.flush()
