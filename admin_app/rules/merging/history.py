"""Which files went into which."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access
from admin_app.errors import RuleError
from admin_app.models import Customer, CustomerMerge

LONGEST_CHAIN = 50  # a file into a file into a file …


def _merges(session: Any, *where: Any) -> list[Any]:
    return list(session.execute(access.ungated(sa.select(CustomerMerge.kept_id, CustomerMerge.merged_id).where(
        CustomerMerge.undone_at.is_(None), CustomerMerge.deleted_at.is_(None), *where))))


def went_into(session: Any, customer_id: int) -> int | None:
    """The file into which a merged-away file went at last; None where it stands for itself."""
    here = customer_id
    for _step in range(LONGEST_CHAIN):
        found = _merges(session, CustomerMerge.merged_id == here)
        if not found:
            break
        here = found[0].kept_id
    return here if here != customer_id else None


def merged_ids(session: Any, customer_id: int) -> list[int]:
    """Every file that went into this one, directly or by another; without the file itself."""
    known, fresh = [customer_id], [customer_id]
    while fresh and len(known) < LONGEST_CHAIN:
        fresh = [row.merged_id for row in _merges(session, CustomerMerge.kept_id.in_(fresh))
                 if row.merged_id not in known]
        known += fresh
    return known[1:]


def check_restorable(session: Any, customer: Customer) -> None:
    """A merged-away file comes back by undoing the merge, not by itself. Raises RuleError."""
    kept_id = went_into(session, customer.id)
    if kept_id is None:
        return
    name = session.scalars(access.ungated(sa.select(Customer.name).where(Customer.id == kept_id))).first()
    raise RuleError(_l("This file was merged into %(name)s (#%(id)s). Undo the merge there; then the file and "
                       "everything that belongs to it come back.", name=name, id=kept_id))
