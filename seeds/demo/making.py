"""Made-up people and cars: names, phones, number plates, VINs. Everything comes from one seeded generator.

Phones take prefixes that no operator has given out, so that a click on "call" in the demo rings nobody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent
# Mobile prefixes that were never assigned; valid by the desk's rule (1[3-9] and nine digits).
PREFIXES = ("154", "160", "161", "163", "164", "168", "169")
VIN_LETTERS = "0123456789ABCDEFGHJKLMNPRSTUVWXYZ"
VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
VIN_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9),
                      strict=True))
PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


@cache
def words() -> dict[str, Any]:
    """The word lists of words.yaml."""
    return yaml.safe_load((FOLDER / "words.yaml").read_text(encoding="utf-8"))


@cache
def texts() -> dict[str, Any]:
    """The reports of texts.yaml by situation."""
    return yaml.safe_load((FOLDER / "texts.yaml").read_text(encoding="utf-8"))


def chance(random: Random, share: float) -> bool:
    """True in the given share of the cases."""
    return random.random() < share


def weighted(random: Random, shares: Mapping[Any, float]) -> Any:
    """One key, each as often as its share says."""
    return random.choices(list(shares), weights=list(shares.values()))[0]


def person_name(random: Random, female: bool) -> str:
    """A full name; frequent surnames come more often."""
    common = words()["surnames"]
    surname = (random.choice(words()["rare_surnames"]) if chance(random, 0.04)
               else common[min(int(random.expovariate(1 / 22)), len(common) - 1)])
    return surname + random.choice(words()["female" if female else "male"])


def company_name(random: Random) -> str:
    """A company's name: two signs and a trade."""
    return f"深圳市{random.choice(words()['company_signs'])}{random.choice(words()['trades'])}有限公司"


def phone(number: int, scatter: int = 0) -> str:
    """The E.164 phone of a running number; different for every number below 100 million."""
    body = (number * 7_368_787 + scatter) % 10_000_000  # 7,368,787 shares no factor with ten million
    return f"+86{PREFIXES[body % len(PREFIXES)]}{number // 10_000_000 % 10}{body:07d}"


def vin(random: Random, number: int) -> str:
    """A VIN with its right check digit; `number` makes it unique."""
    text = "LLF" + "".join(random.choice(VIN_LETTERS) for _n in range(5)) + "0" + random.choice("LMNPRST") + "A"
    text += f"{number % 1_000_000:06d}"
    total = sum((VIN_VALUES.get(letter) or int(letter)) * weight
                for letter, weight in zip(text, VIN_WEIGHTS, strict=True))
    digit = "X" if total % 11 == 10 else str(total % 11)
    return text[:8] + digit + text[9:]


def plate(number: int, electric: bool) -> str:
    """A number plate of Shenzhen from a running number; the green one of an electric car has a place more."""
    if electric:
        return f"粤BD{number * 7919 % 100_000:05d}"
    letter, rest = divmod(number * 7919 % 240_000, 10_000)
    return f"粤B{PLATE_LETTERS[letter]}{rest:04d}"


def birthday(random: Random, today: dt.date) -> dt.date:
    """The birthday of somebody who drives, between 22 and 66 years old."""
    return today - dt.timedelta(days=random.randint(22 * 365, 66 * 365))


def report(random: Random, situation: str, **filled: Any) -> tuple[str, str]:
    """Content and summary of a visit in a situation, with the names filled in."""
    content, summary = random.choice(texts()[situation])
    return content.format(**filled), summary.format(**filled)
