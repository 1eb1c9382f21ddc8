"""Rules as they are typed: names instead of keys, lengths as people write them; nothing is saved here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from incidents.errors import DomainError
from incidents.models import Incident, IncidentType, Status, StatusClass
from incidents.work_words import PRIORITIES
from sla import clocks, rule_lengths
from sla.policy import FACTS
from sla.rule_words import CLOCKS, MOMENTS, STATUS, length
from towers.models import Contractor, Operator
from towers.regions import region_names

Choices = list[tuple[str, Any]]
LOOKS = {"Select": "form-select", "TextInput": "form-control"}
WORDS = ("starts", "stops", "resumes")


class Length(forms.CharField):
    """One length of time in minutes, or None."""

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        return _understood(rule_lengths.minutes, typed) if typed else None


class Lengths(forms.CharField):
    """Several lengths in minutes."""

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        return _understood(rule_lengths.several, typed) if typed else []


class Ticked(forms.MultipleChoiceField):
    """Values with a box before each."""

    def __init__(self, label: Any) -> None:
        super().__init__(label=label, required=False, widget=forms.CheckboxSelectMultiple)


class Drawn(forms.Form):
    """Its fields look like those of the desk."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dress()

    def _dress(self) -> None:
        for field in self.fields.values():
            field.widget.attrs["class"] = LOOKS.get(type(field.widget).__name__, "form-check-input")


def _understood(read: Any, typed: str) -> Any:
    try:
        return read(typed)
    except DomainError as refusal:
        raise ValidationError(refusal.user_message) from refusal


class RuleForm(Drawn):
    """One rule. `document`: the rules it is to stand among."""

    seen = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    clock = forms.ChoiceField(label=gettext_lazy("Clock"))
    time = Length(label=gettext_lazy("Time allowed"), required=False, max_length=40)
    calendar = forms.ChoiceField(label=gettext_lazy("Calendar"), required=False)
    priority = Ticked(gettext_lazy("Priority"))
    type = Ticked(gettext_lazy("Type"))
    group = Ticked(gettext_lazy("Operator group"))
    region = Ticked(gettext_lazy("Region"))
    contractor = Ticked(gettext_lazy("Contractor"))
    pauses = Ticked(gettext_lazy("Stands still in the statuses"))
    warn = Lengths(label=gettext_lazy("Warn before the deadline"), required=False, max_length=100)
    escalate = Length(label=gettext_lazy("Tell the managers after it"), required=False, max_length=40)
    has_own_words = forms.BooleanField(label=gettext_lazy("Other start and end than usual"), required=False)
    starts = Ticked(gettext_lazy("Starts when"))
    stops = Ticked(gettext_lazy("Stops when"))
    resumes = Ticked(gettext_lazy("Goes on when"))
    name = forms.CharField(label=gettext_lazy("Name, for colleagues"), required=False, max_length=80)

    def __init__(self, *args: Any, document: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        statuses = list(Status.objects.all())
        own = document.get("clocks", {})
        offered: dict[str, Choices] = {
            "clock": [*CLOCKS.items(), *((key, row["name"]) for key, row in own.items())],
            "calendar": [
                ("", pgettext_lazy("calendar", "Round the clock")),
                *((key, row["name"]) for key, row in document.get("calendars", {}).items()),
            ],
            "priority": [(value, PRIORITIES[value]) for value in Incident.Priority],
            "type": [(kind.key, kind.name) for kind in IncidentType.objects.all()],
            "group": [(name, name) for name in _groups()],
            "region": [(name, name) for name in region_names()],
            "contractor": [(str(pk), name) for pk, name in Contractor.objects.values_list("pk", "name")],
            "pauses": [(each.key, each.name) for each in statuses if each.status_class != StatusClass.END],
            **{name: words(statuses) for name in WORDS},
        }
        for name, choices in offered.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices + self._lost(name, choices)

    def _lost(self, name: str, choices: Choices) -> Choices:
        """What the rule names though it is no longer there: shown, so that it can be taken off."""
        said = self.initial.get(name) or []
        known = {str(value) for value, _label in choices}
        return [(value, value) for value in (said if isinstance(said, list) else []) if value not in known]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("has_own_words") and not said.get("starts"):
            self.add_error("starts", _("Choose when the clock starts."))
        return said

    @property
    def row(self) -> dict[str, Any]:
        """The rule as the document has it."""
        said = self.cleaned_data
        row: dict[str, Any] = {
            "clock": said["clock"],
            "minutes": said["time"],
            "calendar": said["calendar"],
            "match": {fact: said[fact] for fact in FACTS if said[fact]},
            "pauses": said["pauses"],
            "warn": said["warn"],
            "escalate": said["escalate"],
            "name": said["name"],
        }
        return row | ({name: said[name] for name in WORDS} if said["has_own_words"] else {})

    @property
    def facts(self) -> list[forms.BoundField]:
        return [self[name] for name in ("priority", "type", "group", "region", "contractor")]

    @property
    def own_words(self) -> list[forms.BoundField]:
        return [self[name] for name in WORDS]


class ClockForm(Drawn):
    """A clock of the customer's own."""

    seen = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    name = forms.CharField(label=gettext_lazy("Name of the clock"), max_length=60)
    starts = Ticked(gettext_lazy("Starts when"))
    stops = Ticked(gettext_lazy("Stops when"))
    resumes = Ticked(gettext_lazy("Goes on when"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = words(list(Status.objects.all()))
        for name in WORDS:
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = offered

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not said.get("starts"):
            self.add_error("starts", _("Choose when the clock starts."))
        return said

    @property
    def row(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("name", *WORDS)}

    @property
    def own_words(self) -> list[forms.BoundField]:
        return [self[name] for name in WORDS]


class TypesForm(Drawn):
    """How long each type of incident allows."""

    seen = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(self, *args: Any, document: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._keys: dict[str, str] = {}
        for kind in IncidentType.objects.all():
            minutes = document["types"].get(kind.key)
            name = f"type-{kind.pk}"
            self._keys[name] = kind.key
            self.fields[name] = Length(label=kind.name, max_length=40, initial=length(minutes) if minutes else "")
        self._dress()

    @property
    def minutes(self) -> dict[str, int]:
        return {key: self.cleaned_data[name] for name, key in self._keys.items()}

    @property
    def times(self) -> list[forms.BoundField]:
        return [self[name] for name in self._keys]


def opened(rule: Mapping[str, Any] | None, seen: int, clock: str = clocks.INCIDENT) -> dict[str, Any]:
    """What the form of a rule shows at first; None: of a new one."""
    if rule is None:
        return {"seen": seen, "clock": clock}
    escalate = rule.get("escalate")
    return {
        "seen": seen,
        "clock": rule["clock"],
        "time": length(rule["minutes"]) if rule.get("minutes") is not None else "",
        "calendar": rule.get("calendar", ""),
        "pauses": list(rule.get("pauses", [])),
        "warn": ", ".join(length(each) for each in sorted(rule.get("warn", []), reverse=True)),
        "escalate": length(escalate) if escalate is not None else "",
        "name": rule.get("name", ""),
        "has_own_words": rule.get("starts") is not None,
        **{fact: list(rule.get("match", {}).get(fact, [])) for fact in FACTS},
        **{name: list(rule.get(name) or []) for name in WORDS},
    }


def words(statuses: Iterable[Status]) -> Choices:
    """What may start, stop and resume a clock."""
    return [*MOMENTS.items(), *((STATUS + each.key, _("status “%(name)s”") % {"name": each.name}) for each in statuses)]


def _groups() -> Iterable[str]:
    return Operator.objects.exclude(group="").order_by("group").values_list("group", flat=True).distinct()
