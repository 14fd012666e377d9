"""Clauses in a form: lines of field, operator and value, for segments and follow-up rules.

Each line posts `clause_field`, `clause_op` and `clause_value`; the value is text that says labels or codes, several set
apart by commas. That is the whole of it without script; with script (clauses.js) the values are offered to be ticked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import wtforms
from flask import abort, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from admin_app import directory
from admin_app.database import db
from admin_app.desk import clause_merge
from admin_app.desk.merge import Difference
from admin_app.desk.roads import DeskView
from admin_app.rules.followups import conditions
from admin_app.rules.segments import faults, typed
from admin_app.rules.segments.facts import FACTS
from admin_app.rules.segments.operators import BY_NAME, OPERATORS, of_kind

MOST_PEOPLE = 40  # names that are offered; where there are more one types a name (selects.MOST_PEOPLE)
SPARE = 2  # blank lines, for those without script
Clause = dict[str, Any]


def people() -> dict[int, str]:
    """key → name of the staff that the person may see; those of the same name with their key."""
    from admin_app import access

    actor, found = access.current(), directory.current().names(db.session, "user")
    named = {key: name for key, (name, store) in found.items() if actor.store_ids is None or store in actor.store_ids}
    names = list(named.values())
    return {key: f"{name} #{key}" if names.count(name) > 1 else name for key, name in named.items()}


def groups() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """(heading, [(field, label)]) of what may be asked."""
    own = [(fact.name, fact.label) for fact in FACTS.values() if fact.table != "vehicle"]
    cars = [(fact.name, fact.label) for fact in FACTS.values() if fact.table == "vehicle"]
    return [(_l("Customer"), own), (_l("Cars"), cars)]


def spec(names: Mapping[int, str]) -> str:
    """What clauses.js needs to know, as JSON: fields with their operators and offered values, operators with what they
    take."""
    fields = {}
    for fact in FACTS.values():
        offered = _offered(fact, names)
        fields[fact.name] = {"kind": fact.kind, "ops": [one.name for one in of_kind(fact.kind)], "offered": offered,
                             "none": fact.kind in ("choice", "person", "text"), "unit": str(fact.unit or "")}
    return json.dumps({"fields": fields, "ops": {one.name: one.takes for one in OPERATORS},
                       "words": {one.name: str(one.label) for one in OPERATORS}, "none": str(typed.NONE),
                       "days": str(_("days")), "between": str(_("、"))}, ensure_ascii=False)


def _offered(fact: Any, names: Mapping[int, str]) -> list[str]:
    """The values that can be ticked, by their labels; none where one types."""
    if fact.kind == "person":
        return list(names.values()) if len(names) <= MOST_PEOPLE else []
    if fact.kind == "month":
        return [str(month) for month in range(1, 13)]
    return [str(one.label) for one in fact.choices or ()]


def operators() -> list[tuple[str, Any]]:
    """(name, label) of every operator; those of one label once, for the server tells them apart by the field."""
    seen: dict[str, tuple[str, Any]] = {}
    for one in OPERATORS:
        seen.setdefault(str(one.label), (one.name, one.label))
    return list(seen.values())


@dataclass
class Line:
    """A clause as it is typed."""

    field: str = ""
    op: str = ""
    text: str = ""
    error: Any = ""

    def operators(self) -> list[tuple[str, Any]]:
        """The operators that this line offers: those of its field, all of them on a blank line."""
        fact = FACTS.get(self.field)
        return [(one.name, one.label) for one in of_kind(fact.kind)] if fact is not None else operators()


class ClausesField(wtforms.Field):
    """The clauses of a form. `data` is what the column holds; `lines` what the form says, whatever it is."""

    def __init__(self, label: Any, description: Any = "", **words: Any) -> None:
        super().__init__(label, description=description, **words)
        self.lines: list[Line] = []
        self.changed = False
        self._sent: Any = None

    # ------------------------------------------------------------ what the column holds; a rule says it otherwise

    def clauses_of(self, value: Any) -> list[Clause]:
        return list(value or [])

    def value_of(self, clauses: list[Clause], words: Mapping[str, str]) -> Any:
        return clauses

    def words_of(self, value: Any) -> dict[str, Any]:
        """What the value says beside the clauses."""
        return {}

    def unwrap(self, value: Any) -> str:
        """The value as one text, to tell whether it was changed since the form was opened (clause_merge.py)."""
        names = people()
        return clause_merge.text_of([(str(one.get("field", "")), str(one.get("op", "")), typed.shown(one, names))
                                     for one in self.clauses_of(value)], self.words_of(value))

    # ------------------------------------------------------------ WTForms

    def process(self, formdata: Any, data: Any = wtforms.utils.unset_value, extra_filters: Any = None) -> None:
        self._sent = formdata
        super().process(formdata, data, extra_filters)

    def process_data(self, value: Any) -> None:
        self.data = value
        self.was = self.unwrap(value)
        names = people()
        self.lines = [Line(str(one.get("field", "")), str(one.get("op", "")), typed.shown(one, names))
                      for one in self.clauses_of(value)]

    def process_formdata(self, valuelist: list[Any]) -> None:
        sent = self._sent
        if not sent or not (_has_lines(sent) or valuelist):
            return
        self.was, names = sent.get(f"{self.name}_was", self.was), people()
        rows, words = self._typed(sent, valuelist)
        self.lines = [Line(field[:40], op[:40], text[:4000]) for field, op, text in rows if field or text.strip()]
        clauses = [self._read(line, names) for line in self.lines]
        for place, fault in (faults(clauses) if not any(line.error for line in self.lines) else {}).items():
            self.lines[min(place, len(self.lines) - 1)].error = fault
        value = self.value_of(clauses, words) if not any(line.error for line in self.lines) else None
        self.data = value
        bad = [line for line in self.lines if line.error]
        self.changed = bool(bad) or self.unwrap(value) != self.was
        if bad:
            raise ValueError(" ".join(str(line.error) for line in bad))

    def _typed(self, sent: Any, valuelist: list[Any]) -> clause_merge.Typed:
        """Lines and words as the form sends them, or in one text as the merge page does."""
        if not _has_lines(sent):
            try:
                return clause_merge.read(str(valuelist[-1]))
            except ValueError as error:
                self.changed = True
                raise ValueError(_("These conditions cannot be read. Open the form again.")) from error
        rows = zip(sent.getlist("clause_field"), sent.getlist("clause_op"), sent.getlist("clause_value"), strict=False)
        return list(rows), {name: sent.get(f"{self.name}_{name}", "") for name in WORDS}

    def _read(self, line: Line, names: Mapping[int, str]) -> Clause:
        fact = FACTS.get(line.field)
        if fact is not None and line.op not in (one.name for one in of_kind(fact.kind)):
            label = str(BY_NAME[line.op].label) if line.op in BY_NAME else ""
            line.op = next((one.name for one in of_kind(fact.kind) if str(one.label) == label), line.op)
        values, fault = typed.read(line.field, line.op, line.text, names)
        if fault is not None:
            line.error = fault
        return {"field": line.field, "op": line.op, "values": values}

    def populate_obj(self, obj: Any, name: str) -> None:
        if self.changed:
            setattr(obj, name, self.data)

    # ------------------------------------------------------------ for the template

    def shown_lines(self) -> list[Line]:
        """The lines and some blank ones."""
        return [*self.lines, *[Line() for _place in range(SPARE)]]


def _has_lines(sent: Any) -> bool:
    """Whether the form came with its lines: with script, the last one may have been taken out."""
    return "clause_field" in sent or "clause_lines" in sent


class ConditionField(ClausesField):
    """The clauses of a follow-up rule, with what belongs to its trigger: `condition_festival`, `condition_km` …"""

    def clauses_of(self, value: Any) -> list[Clause]:
        return conditions.to_clauses(value)

    def value_of(self, clauses: list[Clause], words: Mapping[str, str]) -> Any:
        found: dict[str, Any] = {}
        self.word_errors = {}
        self.words = {name: words.get(name, "").strip() for name in WORDS}
        for name, text in self.words.items():
            if text and name == "festival":
                found[name] = text[:40]
            elif text:
                if not (text.isascii() and text.isdigit() and int(text[:9]) >= 1 and len(text) < 7):
                    self.word_errors[name] = _("This is a whole number from 1.")
                else:
                    found[name] = int(text)
        if self.word_errors:
            self.changed = True
            raise ValueError(_("This is a whole number from 1."))
        return conditions.from_clauses(clauses, found)

    def words_of(self, value: Any) -> dict[str, Any]:
        return {name: (value or {}).get(name, "") for name in WORDS}

    word_errors: dict[str, str]
    words: dict[str, Any]

    def process_data(self, value: Any) -> None:
        super().process_data(value)
        self.word_errors = {}
        self.words = self.words_of(value)


WORDS = ("festival", "window_days", "months", "km", "most_a_day")


class ClauseDesk(DeskView):
    """A screen whose form has clauses in the column `clause_column`."""

    clause_column = "clauses"
    clause_field: type[ClausesField] = ClausesField

    def scaffold_form(self) -> Any:
        form = super().scaffold_form()
        about = self.about[self.clause_column]
        setattr(form, self.clause_column, self.clause_field(about.label, about.help))
        return form

    def clause_spec(self) -> str:
        return spec(people())

    def clause_groups(self) -> list[tuple[Any, list[tuple[str, Any]]]]:
        return groups()

    def _opened(self, row: Any, back: str) -> str:
        if not row.mine:
            abort(403)
        found = self.row_or_404(str(row.id))
        return self._form_page(self._edit_form(found), found, back)

    # ------------------------------------------------------------ conflict

    def _merge_page(self, form: Any, row: Any, back: str) -> Any:
        """Lines that cannot be read are mended first, in the form as it was opened; then both versions stand side by
        side."""
        field = form[self.clause_column]
        if not field.errors and not field.process_errors:
            return super()._merge_page(form, row, back)
        form.validate()
        flash(_("Somebody else has saved this in the meantime. Mend the conditions that are marked; then both versions "
                "stand side by side."), "warning")
        return self._form_page(form, row, back, stale=True), 409

    def _differences(self, form: Any, row: Any) -> list[Difference]:
        field = form[self.clause_column]
        theirs = field.unwrap(getattr(row, self.clause_column))
        one = clause_merge.ClauseDifference(
            field, field.was, theirs, field.unwrap(field.data) if field.changed else field.was, self.word_sentence)
        same = one.was == one.theirs == one.mine
        return [*super()._differences(form, row), *([] if same else [one])]

    def _stands(self, form: Any, row: Any) -> list[tuple[str, str]]:
        return [(f"{self.clause_column}_was", form[self.clause_column].unwrap(getattr(row, self.clause_column)))]

    def word_sentence(self, name: str, text: str) -> str:
        """What a rule says beside its clauses, in words."""
        return text

    def clause_words(self, value: Any) -> list[str]:
        """The clauses of a column in words."""
        names = people()
        return [typed.sentence(one, names) for one in self._clauses(value)]

    def _clauses(self, value: Any) -> list[Clause]:
        return list(value or [])

    def details_html(self, row: Any, name: str) -> Any:
        if name != self.clause_column:
            return super().details_html(row, name)
        return Markup(render_template("rules/clause_words.html", words=self.clause_words(getattr(row, name))))
