"""What the bar of the selection sends: rows, and one button. Nothing here is saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from incidents import bulk
from incidents.bulk import Chosen, Deed
from incidents.codes import code_in_subject
from incidents.models import Incident, IncidentType, Status

LONGEST_ID = 18
# How one incident has to do with many; what makes them wait for each other is decided one by one.
SIDES = ("related", "duplicate")


class BulkForm(forms.Form):
    """`do` is the button: "assign:12", "assign:" (the common queue), "status:3", "type:4", "priority:high",
    "link:related", "read".

    Each `row` is "<code>~<newest event the page knew>", as the boxes of the list have it.
    """

    do = forms.CharField(max_length=40, error_messages={"required": gettext_lazy("Choose what to do.")})
    reason = forms.CharField(required=False, max_length=2000)
    other = forms.CharField(required=False, max_length=40)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        name, _colon, pk = data.get("do", "").partition(":")
        deeds: dict[str, Callable[[str], Deed]] = {
            "assign": _assign,
            "status": lambda pk: _change_status(pk, data.get("reason", "")),
            "type": _set_type,
            "priority": _set_priority,
            "link": lambda side: _link(side, data.get("other", "")),
            "read": lambda pk: bulk.mark_read(),
        }
        if name in deeds:
            data["deed"] = deeds[name](pk)
        elif not self.errors:
            raise ValidationError(_("Choose what to do."))
        data["rows"] = self._rows()
        return data

    def _rows(self) -> list[Chosen]:
        """The chosen rows in the order of the list, each once."""
        said = dict(each.partition("~")[::2] for each in self.data.getlist("row"))  # type: ignore[attr-defined]
        if not said:
            raise ValidationError(_("Choose incidents first."))
        if len(said) > bulk.MOST:
            words = ngettext(
                "%(n)d incident is chosen; at most %(most)d go at once.",
                "%(n)d incidents are chosen; at most %(most)d go at once.",
                len(said),
            )
            raise ValidationError(words % {"n": len(said), "most": bulk.MOST})
        return [Chosen(code.replace("\0", ""), _number(seen)) for code, seen in said.items()]

    def first_error(self) -> str:
        """The first complaint, for a page that shows one line."""
        return next((str(error) for errors in self.errors.values() for error in errors), "")


class TakeBackForm(forms.Form):
    """What a message named: these incidents, and the moment it was done to all of them."""

    codes = forms.CharField()
    at = forms.DateTimeField()

    def clean_codes(self) -> list[str]:
        return [code.replace("\0", "") for code in self.cleaned_data["codes"].split()[: bulk.MOST]]

    def first_error(self) -> str:
        return _("There is nothing to undo here.")


def _number(text: str) -> int:
    """The number of a row; 0, which none has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < LONGEST_ID else 0


def _assign(pk: str) -> Deed:
    if not pk:
        return bulk.assign(None)
    person = get_user_model().objects.assignable().filter(pk=_number(pk)).first()
    if person is None:
        raise ValidationError(_("This person cannot work incidents."))
    return bulk.assign(person)


def _change_status(pk: str, reason: str) -> Deed:
    status = Status.objects.filter(pk=_number(pk)).first()
    if status is None:
        raise ValidationError(_("There is no such status."))
    return bulk.change_status(status, reason.strip())


def _set_type(pk: str) -> Deed:
    kind = IncidentType.objects.filter(is_active=True, pk=_number(pk)).first()
    if kind is None:
        raise ValidationError(_("There is no such type."))
    return bulk.set_type(kind)


def _set_priority(value: str) -> Deed:
    if value not in Incident.Priority.values:
        raise ValidationError(_("There is no such priority."))
    return bulk.set_priority(Incident.Priority(value))


def _link(side: str, typed: str) -> Deed:
    """The other incident is named by its code, or by the number of it."""
    typed = typed.replace("\0", "").strip()
    if side not in SIDES:
        raise ValidationError(_("There is no such kind of link."))
    if not typed:
        raise ValidationError(_("Name the incident."))
    number = f"{settings.INCIDENT_PREFIX}-{typed}" if typed.isascii() and typed.isdigit() else ""
    code = number or code_in_subject(typed) or typed
    other = Incident.objects.filter(code=code).first()
    if other is None:
        raise ValidationError(_("There is no incident %(code)s.") % {"code": code})
    return bulk.link(side, other)
