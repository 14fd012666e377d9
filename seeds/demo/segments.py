"""Segments and days of the working calendar of the demo. Throws no dice, so that the rest stays as it was."""

from __future__ import annotations

import datetime as dt
from typing import Any

from admin_app.choices import DayKind
from seeds.demo.world import World

# name, store code or None for the group, note, clauses as (field, operator, values)
SEGMENTS: tuple[tuple[str, str | None, str, tuple[tuple[str, str, list[Any]], ...]], ...] = (
    ("久未联系的 A、B 类车主", None, "60 天没有联系", (
        ("stage", "one_of", ["owner"]), ("tier", "one_of", ["A", "B"]), ("last_contact_at", "older_than", [60]))),
    ("三年以上老车主", None, "置换意向邀约", (("stage", "one_of", ["owner"]), ("car_age", "years_least", [3]),
                                       ("marketing_withdrawn", "no", []))),
    ("本月生日的车主", None, "", (("stage", "one_of", ["owner"]), ("birthday_month", "this_month", []))),
    ("一个月内车险到期", "S1", "续保礼遇", (("car_insurance", "within_next", [30]),)),
    ("转介绍来的意向客户", "S1", "", (("source", "one_of", ["referral"]), ("stage", "one_of", ["lead", "prospect"]))),
)
CLOSED = ("年度盘点", 31)  # name, day of December


def make(world: World) -> None:
    """The segments and the day on which the stores take stock."""
    created = world.now - dt.timedelta(days=120)
    for name, code, note, clauses in SEGMENTS:
        world.writer.add(
            "segment", created=created, name=name, note=note or None, active=True,
            store_id=world.stores[code] if code is not None else None,
            clauses=[{"field": field, "op": op, "values": values} for field, op, values in clauses])
    name, day = CLOSED
    world.writer.add("calendar_day", created=created, day=dt.date(world.today.year, 12, day), kind=DayKind.CLOSED,
                     name=name, store_id=None)
