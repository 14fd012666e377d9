"""What visits bring along: photos, credit that changed, other prospects, reports that a manager has read."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from PIL import Image, ImageDraw

from admin_app import clock
from admin_app.choices import Channel, CreditLevel, VisitState
from admin_app.rules import photos
from seeds.demo.world import World

MOST_PHOTOS, CREDITS, PROSPECTS, DRAWN = 12, 6, 6, 14
COLOURS = ("#b3261e", "#1d4ed8", "#e5e7eb", "#111827", "#92400e", "#166534")
CAUSES = ((CreditLevel.CAREFUL, "尾款拖延两周，客户称资金周转紧张"),
          (CreditLevel.GOOD, "提前付清置换差价，付款一向准时"),
          (CreditLevel.NORMAL, "公司更换负责人，账期恢复正常"))
HEARD = ("同事李先生想换七座车", "楼下邻居的车险下月到期", "妹妹刚拿驾照，预算十万左右", "公司车队明年要换三台车")
REMARKS = ("需求问得细，下次把置换价提前准备好。", "异议处理得好，可在例会上分享。", "没有写下一步由谁负责，请补上。",
           "拜访时间偏短，指导用车不足 60 分钟。")


def make(world: World) -> None:
    """Add to the visits that wait in the writer; the same seed chooses the same ones."""
    done = [row for row in world.writer.rows["visit"] if row["state"] == VisitState.DONE and row.get("staff_id")]
    met = sorted((row for row in done if row["channel"] in (Channel.STORE, Channel.HOME)), key=lambda row: row["at"])
    for number, row in enumerate(met[-MOST_PHOTOS * 3::3]):
        _photos(world, row, number)
    recent = sorted(done, key=lambda row: row["at"])
    for number, row in enumerate(recent[-CREDITS * 9::9]):
        level, cause = CAUSES[number % len(CAUSES)]
        row |= {"credit_to": level, "credit_change": cause}
    for number, row in enumerate(recent[-PROSPECTS * 7::7]):
        row["prospects"] = HEARD[number % len(HEARD)]
    _reviews(world, [row for row in recent if row.get("content")])


def _photos(world: World, visit: dict[str, Any], number: int) -> None:
    visit["photo_count"] = 1 + number % 2
    for turn in range(visit["photo_count"]):
        taken = photos.read(_drawn(COLOURS[(number + turn) % len(COLOURS)], turn))
        photo = world.writer.add(
            "photo", created=visit["at"], created_by_id=visit["staff_id"], store_id=visit["store_id"],
            customer_id=visit["customer_id"], visit_id=visit["id"], by_id=visit["staff_id"], at=visit["at"],
            width=taken.width, height=taken.height)
        world.writer.add("photo_data", created=visit["at"], id=photo["id"], full=taken.full, small=taken.small)


def _drawn(colour: str, turn: int) -> bytes:
    """A car in front of the workshop, drawn: the demo shows nobody's real car."""
    image = Image.new("RGB", (960, 720), "#cbd5e1")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 480, 960, 720), fill="#64748b")
    pen.rectangle((80, 120, 880, 480), fill="#f1f5f9", outline="#94a3b8", width=6)
    left = 180 + 60 * turn
    pen.polygon([(left + 120, 400), (left + 210, 290), (left + 430, 290), (left + 520, 400)], fill=colour)
    pen.rounded_rectangle((left, 395, left + 640, 530), radius=46, fill=colour)
    pen.polygon([(left + 165, 395), (left + 228, 315), (left + 410, 315), (left + 470, 395)], fill="#e0f2fe")
    for wheel in (left + 130, left + 500):
        pen.ellipse((wheel - 62, 460, wheel + 62, 584), fill="#0f172a")
        pen.ellipse((wheel - 28, 494, wheel + 28, 550), fill="#cbd5e1")
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return file.getvalue()


def _reviews(world: World, visits: list[dict[str, Any]]) -> None:
    """The drawing of last Monday: some reports are read, some remarks confirmed, the rest still lie there."""
    monday = world.today - dt.timedelta(days=world.today.weekday())
    week = [row for row in visits if monday - dt.timedelta(days=7) <= clock.local_day(row["at"]) < monday]
    for number, row in enumerate(week[::max(1, len(week) // DRAWN)][:DRAWN]):
        row["sampled_on"] = monday
        head = world.by_id[row["staff_id"]].manager_id
        if number % 3 and head not in (None, row["staff_id"]):
            read_at = min(clock.at(monday, 10) + dt.timedelta(hours=number), world.now)
            row |= {"reviewed_by_id": head, "reviewed_at": read_at, "review_note": REMARKS[number % len(REMARKS)],
                    "review_seen_at": min(read_at + dt.timedelta(hours=3), world.now) if number % 2 else None}
