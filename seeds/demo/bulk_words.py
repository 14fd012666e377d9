"""Words for rows in large numbers: pools of names, phones and reports, filled once and drawn from by index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from admin_app.choices import Channel, Purpose, Sex, VisitResult
from admin_app.rules import pinyin
from seeds.demo import making

# Mobile prefixes in use, the common ones more often; 138 carries about one number in twenty-five.
PREFIXES = ("138", "138", "139", "139", "136", "137", "135", "134", "133", "130", "131", "132", "150", "151", "152",
            "158", "159", "157", "155", "156", "153", "180", "181", "182", "183", "185", "186", "187", "188", "188",
            "189", "177", "176", "175", "173", "178", "166", "191", "198", "199", "147", "195")
NAMESAKES = 0.005  # of all people are called 建国
MOST_NAMES = 20_000
PLATE_SIGNS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
VIN_PLACE = making.VIN_VALUES | {str(number): number for number in range(10)}
R, C = VisitResult, Channel


class Name(NamedTuple):
    """A name as a customer's row has it."""

    text: str
    pinyin: str | None
    sex: str


class Situation(NamedTuple):
    """What a contact is about: purpose, how often by which channel, whom it falls to, the rule that asks for it."""

    purpose: str
    channels: list[str]
    results: list[str]
    by: str
    rule: str
    rated: float
    reports: list[tuple[str, str]]


def spread(shares: Mapping[Any, int]) -> list[Any]:
    """Every key as often as its share says; a draw by index is a weighted one."""
    return [getattr(key, "value", key) for key, share in shares.items() for _n in range(share)]


def names(random: Random, customers: int) -> list[Name]:
    """Full names for so many customers: two thirds from the lists, the rest put together from their signs."""
    words = making.words()
    signs = {sex: sorted({sign for name in words[sex] for sign in name}) for sex in ("male", "female")}
    given = {"male": [name for name in words["male"] if name != "建国"], "female": words["female"]}
    found = []
    for _n in range(max(400, min(MOST_NAMES, customers // 2))):
        sex = "female" if random.random() < 0.45 else "male"
        surname = making.person_name(random, False)
        surname = surname[:2] if surname[:2] in words["rare_surnames"] else surname[:1]
        if random.random() < NAMESAKES:
            sex, own = "male", "建国"
        elif random.random() < 0.66:
            own = random.choice(given[sex])
        else:
            own = random.choice(signs[sex]) + random.choice(signs[sex])
        found.append(Name(surname + own, pinyin.of_name(surname + own), Sex(sex).value))
    return found


def companies(random: Random) -> list[Name]:
    """Names of companies."""
    made = sorted({making.company_name(random) for _n in range(800)})
    return [Name(name, pinyin.of_name(name), "") for name in made]


def phone(number: int, prefix: str) -> str:
    """The E.164 phone of a running number, different for every number below 100 million whatever the prefix."""
    return f"+86{prefix}{number * 73_687_871 % 100_000_000:08d}"  # shares no factor with a hundred million


def plate(number: int) -> str:
    """The number plate of a running number, different for every number below 45 million."""
    rest, signs = number * 19_319_027 % 45_435_424, []
    for _n in range(5):
        rest, sign = divmod(rest, 34)
        signs.append(PLATE_SIGNS[sign])
    return "粤B" + "".join(signs)


def vin(number: int, draw: int) -> str:
    """A VIN with its right check digit; `number` makes it unique below a million, with `draw` far beyond."""
    rest, letters = draw * 7919 + number // 1_000_000, []
    for _n in range(5):
        rest, letter = divmod(rest, 33)
        letters.append(making.VIN_LETTERS[letter])
    text = f"LLF{''.join(letters)}0{'LMNPRST'[draw % 7]}A{number % 1_000_000:06d}"
    total = 0
    for sign, weight in zip(text, making.VIN_WEIGHTS, strict=True):
        total += VIN_PLACE[sign] * weight
    return f"{text[:8]}{'X' if total % 11 == 10 else total % 11}{text[9:]}"


CALLS = {C.PHONE: 70, C.WECHAT: 24, C.SMS: 6}
SHOWROOM = {C.STORE: 92, C.HOME: 8}
SELLING = {R.INTERESTED: 40, R.INVITED: 14, R.SOLVED: 16, R.NOT_REACHED: 18, R.CALL_LATER: 8, R.REFUSED: 3,
           R.WRONG_NUMBER: 1}
CARING = {R.SOLVED: 68, R.NOT_REACHED: 16, R.CALL_LATER: 6, R.NEW_PROBLEM: 5, R.INVITED: 3, R.REFUSED: 2}
# situation: purpose, channels, results, who, rule, share of marks given, texts
SITUATIONS: dict[str, tuple[Purpose, Mapping[Any, int], Mapping[Any, int], str, str, float]] = {
    "first_call": (Purpose.SALES, CALLS, SELLING, "owner", "lead_first_web", 0.0),
    "follow": (Purpose.SALES, CALLS, SELLING, "owner", "grade_b", 0.0),
    "showroom": (Purpose.SALES, SHOWROOM, {R.INTERESTED: 80, R.SOLVED: 20}, "owner", "manual", 0.0),
    "care_day30": (Purpose.DELIVERY, CALLS, CARING, "care", "delivery_day30", 0.9),
    "after_repair": (Purpose.SERVICE, CALLS, CARING, "care", "repair_day3", 0.8),
    "service_reminder": (Purpose.SERVICE, CALLS, CARING, "advisor", "next_service", 0.0),
    "insurance": (Purpose.SERVICE, CALLS, CARING, "advisor", "insurance_30", 0.0),
    "owner_care": (Purpose.CARE, CALLS, CARING, "owner", "no_contact_b", 0.1),
    "birthday": (Purpose.GREETING, {C.WECHAT: 80, C.PHONE: 20}, CARING, "owner", "birthday", 0.0),
}
BUYING = ("follow", "follow", "follow", "showroom")
DRIVING = ("after_repair", "after_repair", "care_day30", "service_reminder", "service_reminder", "insurance",
           "owner_care", "owner_care", "birthday", "follow")


def situations(random: Random) -> dict[str, Situation]:
    """The situations with their reports, the names in them filled in."""
    words, found = making.words(), {}
    for name, (purpose, channels, results, by, rule, rated) in SITUATIONS.items():
        reports = [making.report(
            random, name, model=random.choice(words["models"])["model"], concern=random.choice(words["concerns"]),
            competitor=random.choice(words["competitors"]), old=random.choice(words["old_cars"]), km="5,000",
            day=random.choice(["周二", "周三", "周五", "周六", "月底"])) for _n in range(120)]
        found[name] = Situation(purpose.value, spread(channels), spread(results), by, rule, rated, reports)
    return found


def draw(chance: Any, pool: Sequence[Any]) -> Any:
    """One of a pool; `chance` is Random.random, several times faster than Random.choice."""
    return pool[int(chance() * len(pool))]
