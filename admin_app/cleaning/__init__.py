"""Cleaning of what people type and of what stands in ledgers: pure functions from a cell to a `Cleaned` value.

NFKC goes over phones, plates, VINs, numbers and dates, never over names and notes (DOMAIN §3.10). A cell that
cannot be used is blank with a warning, a sentence for the person; only the caller decides what rejects a row.
"""

from __future__ import annotations

from .answers import choice, key, yes_no
from .cars import plate, vin, vin_check_digit
from .dates import day, moment, past_moment, time_of_day
from .numbers import kilometres, money, number, whole
from .people import (
    Birthday,
    StaffName,
    birthday,
    company_like,
    name,
    sex,
    sex_of_title,
    staff,
)
from .phones import is_mobile, phone
from .text import Cleaned, as_text, folded, is_nothing, note, trimmed, words
from .traditional import simplified

__all__ = [
    "Birthday",
    "Cleaned",
    "StaffName",
    "as_text",
    "birthday",
    "choice",
    "company_like",
    "day",
    "folded",
    "is_mobile",
    "is_nothing",
    "key",
    "kilometres",
    "moment",
    "money",
    "name",
    "note",
    "number",
    "past_moment",
    "phone",
    "plate",
    "sex",
    "sex_of_title",
    "simplified",
    "staff",
    "time_of_day",
    "trimmed",
    "vin",
    "vin_check_digit",
    "whole",
    "words",
    "yes_no",
]
