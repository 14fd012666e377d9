"""Two kinds of failure: a person's mistake is a RuleError, a sentence on the form; a bug is anything else."""

from __future__ import annotations


class RuleError(Exception):
    """A rule was not met: `message` is a sentence for the person, `field` the column it concerns, or None."""

    def __init__(self, message: object, field: str | None = None) -> None:
        super().__init__(str(message))
        self.message = message
        self.field = field


class Refused(RuleError):
    """The person may not do this. Nothing was changed; the screen answers 403 with the sentence."""


class StaleRow(RuleError):
    """Somebody else saved the row in the meantime; the screen answers 409 with the merge page."""
