"""Daily roll-ups of what the scores count, kept current with every write and held equal to the rows by tests.

parts.py      what a row counts for, for whom and on which day: one description for Python and SQL (scores/tongue.py)
files.py      what a customer's file counts for, with its contacts and orders; what stands for a time
handling.py   complaints in store hours
journal.py    what a transaction changes: a flush listener, and touch() and added() for what is written past it
settling.py   the journal into sums, at the commit
tally.py      the sums, and the one statement that adds them
expected.py   the same sums from the whole tables, in SQL
rebuilding.py comparing the two, and adding the difference; the job
reading.py    figures from the roll-ups
"""

from __future__ import annotations

from admin_app.rules.scores.rollup.journal import added, matters, touch
from admin_app.rules.scores.rollup.settling import settle

__all__ = ["added", "matters", "settle", "touch"]
