"""Masks of private fields: what a person sees before revealing (SAFETY)."""

from __future__ import annotations

MOST_STARS = 13  # as a VIN has; a longer value does not show how long it is


def masked(kind: str, value: str | None) -> str:
    """A private value as it may be shown. kind: "phone", "id_number" or "tail"; empty for None.

    138****1234 · 0755-****8816 · 330***********1663 · the last four of a VIN or plate.
    """
    if not value:
        return ""
    if kind == "phone":
        return _phone(value)
    if kind == "id_number":
        return value[:3] + "*" * max(len(value) - 7, 4) + value[-4:] if len(value) > 8 else "*" * len(value)
    return "*" * min(max(len(value) - 4, 3), MOST_STARS) + (value[-4:] if len(value) > 5 else value[-2:])


def _phone(value: str) -> str:
    digits = value.removeprefix("+86")
    if len(digits) == 11 and digits.startswith("1"):
        return f"{digits[:3]}****{digits[-4:]}"
    if value.startswith("+86") and len(digits) in (10, 11):  # a landline: area code, the middle hidden
        area = "0" + digits[:2] if digits[0] in "12" else "0" + digits[:3]
        return f"{area}-****{digits[-4:]}"
    return "*" * max(len(value) - 4, 4) + value[-4:]
