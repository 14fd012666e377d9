"""Six stores that keep their ledgers in six ways, made from a fixed seed, with what a correct import ends with.

A store has a dialect: its headers, how it writes numbers and days, what stands around its tables, its file format.
"""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import random
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter

from admin_app.cleaning import vin_check_digit

KINDS = ("customers", "vehicles", "visits", "complaints", "repair-orders")
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
WORDS = "空调异响 刹车偏软 等待太久 态度冷淡 油耗偏高 补漆有色差 车机黑屏 配件缺货".split()
NOTES = ["=1+1", "@SUM(A1)", "<b>粗</b>", "两行\n文字", "", "", "", "老客户😀", "“引号”, 逗号; 分号"]
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"


@dataclass
class Person:
    """A customer as he is; `car` has plate, VIN, model, day and mileage, or is empty."""

    name: str
    phone: str
    birthday: dt.date
    sex: str
    note: str
    car: dict[str, Any] = field(default_factory=dict)


@dataclass
class Dialect:
    """How a store writes: kind → (column → header), and the writers of its cells."""

    name: str
    headers: dict[str, dict[str, str]]
    phones: list[Any]
    days: list[Any]
    moments: list[Any]
    layout: Any
    leaver: str = "马超(已离职)"
    words: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Ledger:
    """One file of a store, and the counts of its first import."""

    name: str
    content: bytes
    read: int
    created: int
    duplicates: int
    rejected: int


def people(rng: random.Random, number: int) -> list[Person]:
    """The customers of a store; every second one has a car."""
    found = []
    for at in range(number):
        car: dict[str, Any] = {}
        if at % 2:
            stem = "".join(rng.choice(LETTERS) for _ in range(17))
            car = {
                "vin": stem[:8] + vin_check_digit(stem) + stem[9:],
                "plate": f"粤{rng.choice('ABCDE')}{'D' * (at % 4 == 1)}{10000 + at * 37}",
                "model": rng.choice(["明锐", "速派 2.0T", "柯珞克"]),
                "bought_on": dt.date(2024, 1, 1) + dt.timedelta(days=at * 11),
                "mileage": 1_000 + at * 100,
            }
        name = rng.choice(SURNAMES) + rng.choice(["先生", "女士", "伟", "丽娜", "·买买提", "总(微信)"])
        phone = f"1{rng.choice('3456789')}{rng.randrange(10)}{at:03d}{rng.randrange(100_000):05d}"
        born = dt.date(1970, 1, 1) + dt.timedelta(days=rng.randrange(12_000))
        found.append(Person(name, phone, born, rng.choice("男女"), rng.choice(NOTES), car))
    return found


def ledgers_of(dialect: Dialect, seed: int = 7, number: int = 40) -> tuple[list[Person], dict[str, Ledger]]:
    """The customers of a store and its five ledgers."""
    rng = random.Random(f"{seed}-{dialect.name}")
    cast = people(rng, number)
    makers = (_customers, _vehicles, _visits, _complaints, _orders)
    found = {}
    for kind, maker in zip(KINDS, makers, strict=True):
        rows, counts = maker(rng, dialect, cast)
        columns = dialect.headers[kind]
        table = [[row.get(column, "") for column in columns] for row in rows]
        ending, content = dialect.layout(list(columns.values()), table)
        found[kind] = Ledger(f"{dialect.name}-{kind}.{ending}", content, len(rows), *counts)
    return cast, found


def _customers(rng: random.Random, dialect: Dialect, cast: list[Person]) -> tuple[list[Any], tuple[int, ...]]:
    rows = [_customer(rng, dialect, one) for one in cast]
    again = [_customer(rng, dialect, one) for one in rng.sample(cast, 5)]
    bad = [_customer(rng, dialect, cast[0]) for _ in range(4)]
    for row, (column, cell) in zip(
        bad, [("name", ""), ("name", "无"), ("phone", "1380013"), ("phone", "暂无")], strict=True
    ):
        row |= {"phone": "13700137000"} | {column: cell}
    rows += again + bad
    rng.shuffle(rows)
    for row in rng.sample(rows, 6):
        row["birthday"] = rng.choice(["2026-02-30", "不详", "属马"])
    return rows, (len(cast), len(again), len(bad))


def _customer(rng: random.Random, dialect: Dialect, one: Person) -> dict[str, Any]:
    row = {
        "no": rng.randrange(1, 999),
        "name": one.name,
        "phone": _phone(rng, dialect, one),
        "sex": one.sex,
        "birthday": _day(rng, dialect, one.birthday),
        "source": rng.choice(dialect.words.get("source", ["自然到店", "抖音", "老客户转介绍"])),
        "grade": rng.choice(dialect.words.get("grade", ["H", "A级", "C类"])),
        "owner": rng.choice([dialect.leaver, "公海", "周敏"]),
        "note": one.note,
    }
    return row | _car(rng, dialect, one)


def _car(rng: random.Random, dialect: Dialect, one: Person) -> dict[str, Any]:
    if not one.car:
        return {}
    plate, vin, km = one.car["plate"], one.car["vin"], one.car["mileage"]
    return {
        "vin": rng.choice([vin, vin.lower(), f" {vin}", vin[:8] + " " + vin[8:]]),
        "plate": rng.choice([plate, plate.lower(), plate[:2] + "·" + plate[2:], plate[:2] + " " + plate[2:]]),
        "model": one.car["model"],
        "bought_on": _day(rng, dialect, one.car["bought_on"]),
        "mileage": rng.choice([km, f"{km}公里", f"{km:,} km", f"{km / 10_000:g}万"]),
    }


def _vehicles(rng: random.Random, dialect: Dialect, cast: list[Person]) -> tuple[list[Any], tuple[int, ...]]:
    rows = [
        {"name": one.name, "phone": _phone(rng, dialect, one)} | _car(rng, dialect, one)
        for one in cast
        if one.car
    ]
    known = len(rows)
    for at in range(5):
        stem = "".join(rng.choice(LETTERS) for _ in range(17))
        vin = stem[:8] + vin_check_digit(stem) + stem[9:]
        rows.append({"vin": vin, "plate": "", "model": f"散客车{at}", "mileage": 5})
    rows.append({"name": "没有", "model": "明锐", "vin": "不详", "plate": "B123"})
    return rows, (5, known, 1)


def _visits(rng: random.Random, dialect: Dialect, cast: list[Person]) -> tuple[list[Any], tuple[int, ...]]:
    rows: list[dict[str, Any]] = []
    for at, one in enumerate(cast * 2):
        day = dt.datetime(2026, 3, 1, 9, 30) + dt.timedelta(days=at, minutes=at)
        rows.append(
            {
                "at": rng.choice(dialect.moments)(day),
                "name": one.name,
                "phone": _phone(rng, dialect, one),
                "channel": rng.choice(["电话", "微信", "到店"]),
                "staff": rng.choice([dialect.leaver, "周敏"]),
                "content": f"第{at}次, {rng.choice(WORDS)}",
                "result": rng.choice(["满意", "无人接听", "已预约", "有意向"]),
                "score": rng.choice([5, "4分", "", "十分"]),
                "next_on": rng.choice(["", "2026-02-30", _day(rng, dialect, dt.date(2026, 6, 1))]),
            }
        )
    good = len(rows)
    twice = dict(rows[3])
    rows.append(twice)
    rows[7]["at"] = "改天"
    for cell in ("", "123", "138****0000"):
        rows.append(dict(rows[0]) | {"phone": cell})
    return rows, (good, 1, 3)


def _complaints(
    rng: random.Random, dialect: Dialect, cast: list[Person]
) -> tuple[list[Any], tuple[int, ...]]:
    rows: list[dict[str, Any]] = []
    for at, one in enumerate(cast):
        day = dt.date(2026, 1, 5) + dt.timedelta(days=at)
        rows.append(
            {
                "at": _day(rng, dialect, day),
                "name": one.name,
                "phone": _phone(rng, dialect, one),
                "plate": one.car.get("plate", ""),
                "text": f"{rng.choice(WORDS)}（{at}）",
                "level": rng.choice(["一般", "重大", "说不清"]),
                "cause": rng.choice(["服务态度", "产品质量", "不知"]),
                "owner": rng.choice([dialect.leaver, "周敏"]),
                "solution": rng.choice(["返修", ""]),
                "finished": rng.choice(["", _day(rng, dialect, day + dt.timedelta(days=2))]),
                "satisfied": rng.choice(["是", "不满意", "", "满意"]),
            }
        )
    good = len(rows)
    rows.append(dict(rows[2]))
    rows.append(dict(rows[2]) | {"phone": "无"})
    return rows, (good, 1, 1)


def _orders(rng: random.Random, dialect: Dialect, cast: list[Person]) -> tuple[list[Any], tuple[int, ...]]:
    rows: list[dict[str, Any]] = []
    for at, one in enumerate([one for one in cast if one.car] * 2):
        day = dt.date(2026, 2, 1) + dt.timedelta(days=at)
        rows.append(
            {
                "number": f"RO-{dialect.name[0]}{at:05d}",
                "opened": _day(rng, dialect, day),
                "closed": _day(rng, dialect, day + dt.timedelta(days=1)),
                "phone": _phone(rng, dialect, one),
                "items": rng.choice(["首保", "常规保养", "钣金喷漆", "更换刹车片"]),
                "total": rng.choice([1286, "¥1,286.00", "1286元", "免费", "0.13万"]),
                "advisor": rng.choice([dialect.leaver, "吴婷"]),
            }
            | _car(rng, dialect, one)
        )
    good = len(rows)
    rows.append(dict(rows[1]))
    rows.append(dict(rows[1]) | {"number": ""})
    return rows, (good, 1, 1)


def _phone(rng: random.Random, dialect: Dialect, one: Person) -> Any:
    return rng.choice(dialect.phones)(one.phone)


def _day(rng: random.Random, dialect: Dialect, day: dt.date) -> Any:
    return rng.choice(dialect.days)(day)


# ------------------------------------------------------------ formats


def text_file(delimiter: str, encoding: str, *before: list[Any], after: tuple[list[Any], ...] = ()) -> Any:
    """A layout: rows of remarks, the header, the rows, what stands at the foot, as a text file."""

    def layout(header: list[str], rows: list[list[Any]]) -> tuple[str, bytes]:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
        writer.writerows([*before, header, *rows, *after])
        return "csv", text.getvalue().encode(encoding)

    return layout


def months(title: str) -> Any:
    """A layout: a cover sheet, a sheet a month with its total, a hidden one, a blank column on the left."""

    def layout(header: list[str], rows: list[list[Any]]) -> tuple[str, bytes]:
        half = len(rows) // 2
        pages = [("一月", rows[:half]), ("二月", rows[half:])]
        sheets = [("封面", [[title], ["编制：客户关爱部"], ["说明", "H 为七天内"]])]
        for name, part in pages:
            table = [
                [],
                [title + name],
                [],
                header,
                *part[:3],
                header,
                *part[3:],
                [],
                ["本页合计", len(part)],
            ]
            sheets.append((name, [["", *row] for row in table]))
        return "xlsx", _book([*sheets, ("作废", [header, *rows[:2]])], hidden="作废")

    return layout


def grouped(groups: int = 3) -> Any:
    """A layout: group titles over the header, notes above, subtotals inside and signatures at the foot."""

    def layout(header: list[str], rows: list[list[Any]]) -> tuple[str, bytes]:
        names = ["基本资料", "车辆资料", "其他资料"]
        above = [
            names[at // groups] if at % groups == 0 and at // groups < 3 else "" for at in range(len(header))
        ]
        table: list[Any] = [["填写说明：带*为必填，电话请填手机"], ["截至", "2026-11-20"], above, header]
        for at, row in enumerate(rows):
            table.append(row)
            if at == 4:
                table.append(["小计", *[""] * (len(header) - 2), 5])
        table += [
            ["总计：" + str(len(rows)) + "条"],
            ["制表人：王芳", "", "审核：李总"],
            ["注：数据截至上月"],
        ]
        return "xlsx", _book([("Sheet1", table)])

    return layout


def page(header: list[str], rows: list[list[Any]]) -> tuple[str, bytes]:
    """A layout: the web page that many systems call .xls."""
    lines = ["<tr><td colspan=4>客户报表</td></tr>", _line(header, "th"), *(_line(row, "td") for row in rows)]
    text = (
        f'<html><meta charset="utf-8"><body><table>{"".join(lines)}</table><script>x</script></body></html>'
    )
    return "xls", text.encode()


def _line(cells: list[Any], tag: str) -> str:
    shown = [html.escape(str(cell)).replace("\n", "<br>") for cell in cells]
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in shown) + "</tr>"


def _book(sheets: list[tuple[str, list[list[Any]]]], hidden: str = "") -> bytes:
    stream = io.BytesIO()
    words = {"strings_to_formulas": False, "strings_to_urls": False, "default_date_format": "yyyy-mm-dd"}
    with xlsxwriter.Workbook(stream, {"in_memory": True} | words) as book:
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, dt.date):
                        sheet.write_datetime(at, column, cell)
                    elif cell not in ("", None):
                        sheet.write(at, column, cell)
            if name == hidden:
                sheet.hide()
    return stream.getvalue()


# ------------------------------------------------------------ dialects


def _split(phone: str, by: str) -> str:
    return by.join((phone[:3], phone[3:7], phone[7:]))


def _wide(text: str) -> str:
    return text.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})


def _columns(**words: str) -> dict[str, dict[str, str]]:
    """kind → column → header, from one line a kind: “name=车主 phone=车主电话”; ^ stands for a blank."""
    found = {}
    for kind, line in words.items():
        pairs = (pair.split("=", 1) for pair in line.split(" "))
        found[kind.replace("_", "-")] = {column: header.replace("^", " ") for column, header in pairs}
    return found


PLAIN = [str, lambda p: _split(p, " "), lambda p: "+86 " + p, lambda p: p + "(微信同号)"]
DOTS = [lambda d: f"{d.year}.{d.month}.{d.day}", lambda d: f"{d:%Y年%m月%d日}", lambda d: f"{d:%Y%m%d}"]
CLOCK = [
    lambda t: f"{t:%Y-%m-%d %H:%M}",
    lambda t: f"{t.year}年{t.month}月{t.day}日 上午{t.hour}:{t:%M}" if t.hour < 12 else f"{t:%Y/%m/%d %H:%M}",
    lambda t: f"{t:%Y.%m.%d %H:%M:00}",
]

DIALECTS = [
    Dialect(
        "东方",
        _columns(
            customers="no=序号 name=车主 phone=车主电话 sex=性别(男/女) birthday=出生年月日 source=信息渠道 "
            "grade=意向级别(H/A/B/C) owner=顾问姓名 plate=牌照号码 vin=车架号/VIN/底盘号 model=车型配置 "
            "bought_on=提车日 mileage=行驶公里 note=备注(其它)",
            vehicles="vin=底盘号 plate=号牌号码 name=车主 phone=车主电话 model=厂牌型号 bought_on=购置日期 "
            "mileage=表显里程",
            visits="at=通话时间 name=车主 phone=车主电话 channel=沟通渠道 staff=跟踪人 content=通话内容 "
            "result=回访结果 "
            "score=满意度(1-5) next_on=下次回访日",
            complaints="at=客诉日期 name=投诉人 phone=投诉人电话 plate=车牌 text=客诉内容 level=投诉等级 "
            "cause=投诉类别 "
            "owner=受理人 solution=处理进度/结果 finished=办结日期 satisfied=复访满意否",
            repair_orders="number=工单编号 opened=开单时间 closed=完工时间 phone=送修人电话 plate=车牌 "
            "vin=车架号 model=车型 "
            "mileage=入厂里程 items=施工项目 total=结算金额(元) advisor=接待员",
        ),
        PLAIN,
        DOTS,
        CLOCK,
        text_file(",", "gb18030", ["东方汽车 台账"], [], after=(["合计", "", "3000"],)),
        leaver="已离职-马超",
    ),
    Dialect(
        "南洋",
        _columns(
            customers="name=客户姓名* phone=手机号(必填) sex=称谓 birthday=生日 source=获知渠道 "
            "grade=有望等级 owner=销售员 "
            "vin=VIN码 plate=车牌号码 model=车款 bought_on=交车日 mileage=公里数(KM) note=客户备注",
            vehicles="vin=VIN plate=车牌 model=车系 bought_on=销售日期 mileage=当前里程 phone=手机 name=姓名",
            visits="at=回访日期 phone=联系电话1 name=客户名称 channel=回访方式 staff=客服专员 "
            "content=回访情况 result=接通情况 "
            "score=评分 next_on=再次回访日期",
            complaints="at=受理时间 phone=联系电话 name=客户 text=投诉内容描述 level=严重程度 cause=问题类别 "
            "owner=责任人 "
            "solution=处理措施及结果 finished=结案时间 satisfied=客户满意否 plate=牌照",
            repair_orders="number=委托书编号 opened=进站日期 closed=出站时间 phone=手机 vin=车架号码 "
            "plate=号牌 model=车型 "
            "mileage=里程(km) items=项目名称 total=应收合计 advisor=SA",
        ),
        [str, float, int, lambda p: _split(p, "-"), lambda p: p + "/0755-83214567"],
        [lambda d: d, lambda d: f"{d:%Y/%m/%d}", lambda d: (d - dt.date(1899, 12, 30)).days],
        CLOCK,
        months("南洋名车 "),
        leaver="马超【离】",
    ),
    Dialect(
        "台中",
        _columns(
            customers="name=客戶姓名 phone=行動電話 sex=性別 birthday=出生日期 source=客戶來源 "
            "grade=意向級別 owner=業代 "
            "vin=車身號碼 plate=車牌號碼 model=車型 bought_on=交車日期 mileage=里程數 note=備註",
            vehicles="vin=車架號 plate=車牌號碼 name=車主 phone=聯絡電話 model=廠牌型號 bought_on=購車日期 "
            "mileage=里程數",
            visits="at=聯絡日期 name=客戶姓名 phone=聯絡電話 channel=聯絡方式 staff=業務員 content=通話內容 "
            "result=回訪結果 "
            "score=滿意度 next_on=下次聯絡日",
            complaints="at=客訴日期 name=客戶姓名 phone=聯絡電話 plate=車牌號碼 text=客訴內容 level=投訴級別 "
            "cause=原因分類 "
            "owner=處理人 solution=處理措施 finished=結案日期 satisfied=是否滿意",
            repair_orders="number=工單編號 opened=進廠日期 closed=出廠日期 phone=聯絡電話 vin=車身號碼 "
            "plate=車牌號碼 model=車型 "
            "mileage=進廠里程 items=維修項目 total=總金額 advisor=服務顧問",
        ),
        [str, lambda p: "0086" + p, _wide, lambda p: _split(p, ".")],
        [lambda d: f"民國{d.year - 1911}年{d.month}月{d.day}日", lambda d: f"{d:%Y-%m-%d}"],
        [lambda t: f"{t:%Y/%m/%d} {'上午' if t.hour < 12 else '下午'} {t.hour % 12 or 12:02d}:{t:%M}"],
        text_file("\t", "utf-16"),
        leaver="馬超(已離職)",
        words={"source": ["網路", "老客戶轉介紹", "車展"]},
    ),
    Dialect(
        "Export",
        _columns(
            customers="no=ID name=Customer^Name phone=Mobile^Phone sex=Gender birthday=Date^of^Birth "
            "source=Lead^Source "
            "grade=Level owner=Sales^Consultant vin=VIN^No. plate=License^Plate model=Model "
            "bought_on=Purchase^Date "
            "mileage=Mileage(km) note=Remarks",
            vehicles="no=ID vin=Chassis^No. plate=Plate^No. name=Owner phone=Owner^Phone model=Vehicle^Model "
            "bought_on=Purchase^Date mileage=Odometer",
            visits="no=ID at=Visit^Date name=Customer phone=Phone channel=Channel staff=Agent content=Notes "
            "result=Outcome "
            "score=Satisfaction next_on=Next^Contact",
            complaints="no=ID at=Complaint^Date name=Customer phone=Contact^No. plate=Plate text=Description "
            "level=Severity "
            "cause=Category owner=Handler solution=Resolution finished=Closed^On satisfied=Satisfied?",
            repair_orders="number=RO^No. opened=Date^In closed=Date^Out phone=Mobile vin=VIN plate=Plate "
            "model=Model "
            "mileage=Odometer items=Work^Done total=Total^Amount advisor=Service^Advisor",
        ),
        [str, lambda p: "+86-" + _split(p, "-"), lambda p: "wx" + p, lambda p: p + " ext 12"],
        [
            lambda d: f"{d:%b} {d.day}, {d.year}",
            lambda d: f"{d:%d-%b-%Y}",
            lambda d: f"{d:%Y-%m-%dT00:00:00}",
        ],
        [lambda t: f"{t:%Y-%m-%d %I:%M %p}", lambda t: f"{t:%Y-%m-%dT%H:%M:00Z}"],
        text_file(";", "utf-8-sig", ["Dealer export"], after=(["Grand Total", "", "12"],)),
        leaver="马超 (resigned)",
        words={"source": ["Walk-in", "Referral", "Internet"]},
    ),
    Dialect(
        "北方",
        _columns(
            customers="name=姓名 phone=电话\n(手机) sex=性别： birthday=生日 plate=车^牌^号 vin=车架号★ "
            "model=车型 owner=归属销售 "
            "grade=客户级别 source=来源途径 bought_on=购车时间 mileage=里程 note=备注",
            vehicles="vin=车架号 plate=车牌号 model=车型名称 name=车主姓名 phone=电话/手机 "
            "bought_on=提车日期 mileage=公里",
            visits="at=跟进日期 name=姓名 phone=手机 channel=跟进方式 staff=跟进人 content=跟进情况 "
            "result=跟进结果 score=满意度 "
            "next_on=下次跟进日",
            complaints="at=投诉时间 name=姓名 phone=联系方式(手机) plate=车牌号 text=问题描述 level=级别 "
            "cause=原因 owner=经办人 "
            "solution=处理意见 finished=关闭时间 satisfied=满意否",
            repair_orders="number=单^号 opened=送修日期 closed=离厂时间 phone=联系电话 plate=车牌号 vin=VIN "
            "model=车型 "
            "mileage=公里数 items=维修内容 total=总费用 advisor=服务顾问",
        ),
        [str, lambda p: p + "\n", lambda p: p + "、13911112222", lambda p: "’" + p, lambda p: p + ".0"],
        [lambda d: f"{d:%y}/{d.month}/{d.day}", lambda d: f"{d.year}年{d.month}月{d.day}号", lambda d: d],
        CLOCK,
        grouped(),
        leaver="马超-离职",
    ),
    Dialect(
        "网页",
        _columns(
            customers="name=客户名称/姓名 phone=手机/微信 sex=性别 birthday=出生日期 source=来源 "
            "grade=等级/级别 owner=所属销售顾问 "
            "vin=车架号 plate=车牌 model=车型/配置 bought_on=交付日期 mileage=里程 note=说明",
            vehicles="vin=大架号 plate=车牌 name=客户 phone=客户电话 model=车型 bought_on=开票日期 "
            "mileage=里程",
            visits="at=外呼时间 name=客户 phone=客户电话 channel=联络方式 staff=坐席 content=客户反馈 "
            "result=外呼结果 score=打分 "
            "next_on=下次联络",
            complaints="at=反馈时间 name=客户 phone=客户电话 plate=车牌 text=反馈内容 level=紧急程度 "
            "cause=投诉类型 owner=处理人员 "
            "solution=解决方案/措施 finished=解决时间 satisfied=客户是否认可",
            repair_orders="number=维修工单号 opened=接车时间 closed=结算时间 phone=客户电话 plate=车牌 "
            "vin=车架 model=车型 "
            "mileage=行驶公里数 items=服务项目 total=实收 advisor=接车人",
        ),
        PLAIN,
        DOTS,
        CLOCK,
        page,
        leaver="马超（2026年3月离职）",
    ),
]
