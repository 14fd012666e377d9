"""The screen of the follow-up rules: a form that reads like a sentence, and what the rule would cost the team."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import sqlalchemy as sa
from flask import abort, render_template, request
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin_app import access, clock, directory
from admin_app.choices import Trigger
from admin_app.clock import utcnow
from admin_app.columns import fields
from admin_app.database import db
from admin_app.desk import forms
from admin_app.desk.clauses import ClauseDesk, ConditionField
from admin_app.errors import RuleError
from admin_app.models import FollowUpRule, Store
from admin_app.rules.followups import cases, conditions, planning, rule_rows, rules
from admin_app.rules.followups.calendar import FESTIVALS

KEPT = 60  # seconds for which the forecast of the other rules is kept
WORDS: dict[str, tuple[Any, tuple[Trigger, ...]]] = {
    "festival": (_l("Festival"), (Trigger.FESTIVAL,)),
    "window_days": (_l("The grade is stale after days"), (Trigger.CONTACT,)),
    "months": (_l("Interval in months"), (Trigger.FIRST_SERVICE, Trigger.NEXT_SERVICE)),
    "km": (_l("Interval in km"), (Trigger.FIRST_SERVICE, Trigger.NEXT_SERVICE)),
    "most_a_day": (_l("Files a person at a time"), (Trigger.FILE_STALE,)),
}
FESTIVAL_WORDS: dict[str, Any] = {
    "spring": _l("Spring Festival"), "lantern": _l("Lantern Festival"), "dragon_boat": _l("Dragon Boat Festival"),
    "mid_autumn": _l("Mid-Autumn Festival"), "double_ninth": _l("Double Ninth Festival"), "new_year": _l("New Year"),
    "women": _l("Women's Day"), "labour": _l("Labour Day"), "national": _l("National Day")}
WAITING = (Trigger.TEST_DRIVE, Trigger.QUOTE, Trigger.LOST_SAMPLE, Trigger.PLAN_REVIEW)


class RuleDesk(ClauseDesk):
    """The hooks of FollowUpRuleView (views.py)."""

    create_template = edit_template = "rules/rule_form.html"
    clause_column = "condition"
    clause_field = ConditionField

    def _clauses(self, value: Any) -> list[Any]:
        return conditions.to_clauses(value)

    # ------------------------------------------------------------ what the form offers

    def triggers(self) -> list[tuple[Any, list[tuple[str, Any]]]]:
        """(heading, triggers) by what they are: an event, or a date on a record."""
        by_date = (*cases.DATED, Trigger.FILE_STALE)
        events = [one for one in Trigger if one not in by_date and one not in WAITING]
        found = [(_l("when something happens"), events), (_l("by a date on a record"), [
            one for one in Trigger if one in by_date]), (_l("waits for its records"), list(WAITING))]
        return [(heading, [(one.value, one.label) for one in members]) for heading, members in found]

    def trigger_words(self) -> list[tuple[str, Any, str, list[tuple[str, Any]]]]:
        """(name, label, triggers it belongs to, options) of what a trigger is asked beside the conditions."""
        return [(name, label, " ".join(one.value for one in of), [(one, FESTIVAL_WORDS[one]) for one in FESTIVALS]
                 if name == "festival" else []) for name, (label, of) in WORDS.items()]

    def word_sentence(self, name: str, text: str) -> str:
        label = WORDS[name][0] if name in WORDS else name
        return _("%(field)s: %(value)s", field=label, value=FESTIVAL_WORDS.get(text, text))

    # ------------------------------------------------------------ preview

    @expose("/preview/", methods=("POST",))
    def preview_view(self) -> Any:
        """Tasks per person and day with the rule as it is typed, beside today's plan; nothing is saved.

        The whole form with the preview under it, or only the preview where `part` is sent. 403 for readers.
        """
        if not (self.can_create or self.can_edit):
            abort(403)
        back, key = self.back(), request.form.get("id")
        stored = self.row_or_404(key) if key else None
        form = self._edit_form(stored) if stored is not None else self._create_form_class()
        if stored is None:
            forms.trim(form, self.table, True)
        words, status = self._preview(form, stored)
        if "part" in request.form:
            return render_template("rules/preview.html", view=self, **words), status
        stale = stored is not None and self._is_stale(stored)
        request_page = self._form_page(form, stored, back, stale=stale)
        return request_page.replace("<!--preview-->", render_template("rules/preview.html", view=self, **words)), status

    def _preview(self, form: Any, stored: Any) -> tuple[dict[str, Any], int]:
        if not form.validate():
            return {"error": _("Mend the fields that are marked first."), "lines": [], "days": [], "bad": [
                (field.label.text, " ".join(str(one) for one in field.errors)) for field in form if field.errors]}, 400
        now = utcnow()
        rule = self._typed(form, stored)
        try:
            with db.session.no_autoflush:
                rule_rows.prepare(db.session, rule, now)
        except RuleError as error:
            self._refuse(form, error)
            return {"error": str(error.message), "lines": [], "days": [], "bad": []}, 400
        today = clock.local_day(now)
        stores = list(db.session.scalars(sa.select(Store).order_by(Store.id)))
        others = self._others(stored, today, stores, aside := planning.Limit())
        limit = planning.Limit()
        lines = planning.plan(db.session, rule, stored, others, today, stores, limit=limit)
        days = [today + dt.timedelta(days=ahead) for ahead in range(planning.DAYS)]
        totals = planning.Line(None, _("All"), 0)
        for line in lines:
            for day in days:
                totals.before[day] = totals.before.get(day, 0) + line.before.get(day, 0)
                totals.after[day] = totals.after.get(day, 0) + line.after.get(day, 0)
        return {"lines": lines, "days": days, "all": totals, "rule": rule, "error": "", "bad": [],
                "more": limit.reached or aside.reached, "estimate": planning.is_estimate(rule),
                "by_stale_files": rule.trigger == Trigger.FILE_STALE, "manual": rule.trigger == Trigger.MANUAL}, 200

    def _typed(self, form: Any, stored: Any) -> FollowUpRule:
        """The rule as it is typed, outside of the session."""
        values = {name: getattr(stored, name) for name, _column, _field in fields(FollowUpRule)
                  if name not in ("version",)} if stored is not None else {
            "offset": 0, "sample_percent": 100, "unit": "days", "assignee": "owner", "channel": "phone",
            "purpose": "service", "to_working_day": False}
        rule = FollowUpRule(**{name: value for name, value in values.items() if hasattr(FollowUpRule, name)})
        form.populate_obj(rule)
        if stored is not None:
            rule.id = stored.id
        return rule

    def _others(self, stored: Any, today: dt.date, stores: list[Store], limit: planning.Limit) -> planning.Forecast:
        """What the other enabled rules on dates will make. What was looked at to its end is kept for a minute, so
        that asking again gets further."""
        found: planning.Forecast = Counter()
        slot, kept = int(utcnow().timestamp()) // KEPT, directory.current()
        for rule in rules.enabled(db.session, *cases.DATED, Trigger.FILE_STALE):
            if stored is None or rule.id != stored.id:
                key = ("forecast", rule.id, today, slot, access.current().store_ids)
                made = kept.get(key)
                if made is None:
                    own = planning.Limit(until=limit.until)
                    made = planning.forecast(db.session, rule, today, stores=stores, limit=own)
                    limit.reached = limit.reached or own.reached
                    if not own.reached:
                        kept.put(key, made)
                found.update(made)
        return found
