"""Two files of one customer become one, and are parted again (DOMAIN §3.10, UX 16): nothing is lost either way.

values.py      which value of which file the file that stays takes, field by field
dependants.py  every record that names the merged file names the one that stays; conflicts and doubled follow-ups
merge.py       the merge: one transaction, one CustomerMerge row that holds what undoing needs
undoing.py     the way back
history.py     which files went into which
"""

from __future__ import annotations

from admin_app.rules.merging.history import check_restorable, merged_ids, went_into
from admin_app.rules.merging.merge import check_right, check_versions, merge
from admin_app.rules.merging.undoing import undo
from admin_app.rules.merging.values import Option, options

__all__ = ["Option", "check_restorable", "check_right", "check_versions", "merge", "merged_ids", "options", "undo",
           "went_into"]
