"""What people type on the card, turned into valid values. Nothing here is saved."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from incidents.models import Incident, IncidentType, Status
from towers import queries
from towers.models import BaseStation, Pole

# Sites offered as buttons under the field; a message names the first three.
OFFERED = 8
NAMED = 3


class SeenForm(forms.Form):
    """Every form says what its page knew: the newest event it had shown."""

    seen = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)

    @property
    def seen_event(self) -> int | None:
        seen: int | None = self.cleaned_data.get("seen")
        return seen

    def first_error(self) -> str:
        """The first complaint, for a page that shows one line."""
        return next((str(error) for errors in self.errors.values() for error in errors), "")


class TakeForm(SeenForm):
    """Nothing but what the page knew."""


class StatusForm(SeenForm):
    to = forms.ModelChoiceField(
        Status.objects.all(),
        error_messages={
            "required": gettext_lazy("Choose a status."),
            "invalid_choice": gettext_lazy("There is no such status."),
        },
    )
    reason = forms.CharField(required=False, max_length=2000)


class AssignForm(SeenForm):
    to = forms.ModelChoiceField(
        get_user_model()._default_manager.none(),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("This person cannot work incidents.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = get_user_model().objects.assignable()  # type: ignore[attr-defined]


class TypeForm(SeenForm):
    to = forms.ModelChoiceField(
        IncidentType.objects.filter(is_active=True),
        error_messages={
            "required": gettext_lazy("Choose a type."),
            "invalid_choice": gettext_lazy("There is no such type."),
        },
    )


class PriorityForm(SeenForm):
    to = forms.ChoiceField(
        choices=Incident.Priority.choices,
        error_messages={
            "required": gettext_lazy("Choose a priority."),
            "invalid_choice": gettext_lazy("There is no such priority."),
        },
    )


class NoteForm(forms.Form):
    text = forms.CharField(
        strip=True, max_length=20_000, error_messages={"required": gettext_lazy("The note is empty.")}
    )


class SiteForm(SeenForm):
    """Pole and station by a part of them: one match completes it, several are offered, none says so.

    A field left as the incident had it was not said anew: a new station brings its own pole, and a new pole
    lets go of a station that stands elsewhere. Both fields empty: the site is unknown.
    """

    pole = forms.CharField(required=False, max_length=64)
    station = forms.CharField(required=False, max_length=100)

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.incident = incident
        self.poles: list[Pole] = []
        self.stations: list[BaseStation] = []

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        typed_pole, typed_station = data.get("pole", ""), data.get("station", "")
        now = self.incident
        same_pole = now.pole is not None and typed_pole == now.pole.code
        same_station = now.base_station is not None and typed_station == now.base_station.name
        pole = self._pole(typed_pole) if typed_pole else None
        if typed_station and same_pole and not same_station:
            self._follow_station(typed_station, now.pole)
        elif typed_station and not self.errors:
            self._follow_pole(typed_station, pole, may_let_go=same_station and not same_pole)
        else:
            self.cleaned_data |= {"pole": pole, "station": None}
        return self.cleaned_data

    def _pole(self, typed: str) -> Pole | None:
        found = [each for each in queries.resolve(typed)[0] if each.gone_at is None]
        found = found or queries.poles_meant(typed, OFFERED + 1)
        if len(found) == 1:
            return found[0]
        self.poles = found[:OFFERED]
        self.add_error("pole", _refusal(typed, [each.code for each in found], is_pole=True))
        return None

    def _follow_station(self, typed: str, current: Pole | None) -> None:
        """Only the station is new: it is sought on the pole first, and elsewhere brings its own pole."""
        found = self._stations(typed)
        here = [each for each in found if current and each.pole_id == current.pk]
        self._choose(typed, here or found)

    def _follow_pole(self, typed: str, pole: Pole | None, *, may_let_go: bool) -> None:
        """The pole is given: the station must stand on it. Without a pole the station says where it is."""
        found = self._stations(typed)
        here = [each for each in found if pole is None or each.pole_id == pole.pk]
        if here or not found:
            self._choose(typed, here)
        elif may_let_go:
            self.cleaned_data |= {"pole": pole, "station": None}
        else:
            self.stations = found[:OFFERED]
            said = _("Base station %(station)s stands on pole %(pole)s, not on %(given)s.")
            words = {"station": found[0].name, "pole": found[0].pole.code, "given": pole.code if pole else ""}
            self.add_error("station", ValidationError(said % words))

    def _stations(self, typed: str) -> list[BaseStation]:
        exact = [each for each in queries.resolve(typed)[1] if each.gone_at is None and each.pole.gone_at is None]
        return exact or queries.stations_meant(typed, OFFERED + 1)

    def _choose(self, typed: str, found: list[BaseStation]) -> None:
        if len(found) == 1:
            self.cleaned_data |= {"pole": found[0].pole, "station": found[0]}
            return
        self.stations = found[:OFFERED]
        names = [_("%(station)s on %(pole)s") % {"station": each.name, "pole": each.pole.code} for each in found]
        self.add_error("station", _refusal(typed, names, is_pole=False))


def _refusal(typed: str, names: list[str], *, is_pole: bool) -> ValidationError:
    """Why what is typed is no answer: nothing fits, or too much does (three are named)."""
    if not names:
        said = _("No pole fits “%(typed)s”.") if is_pole else _("No base station fits “%(typed)s”.")
        return ValidationError(said % {"typed": typed})
    shown = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    if len(names) > OFFERED:
        more = (
            _("More than %(n)d poles fit “%(typed)s”: %(names)s. Type more of the code.")
            if is_pole
            else _("More than %(n)d base stations fit “%(typed)s”: %(names)s. Type more of the name.")
        )
        return ValidationError(more % {"n": OFFERED, "typed": typed, "names": shown})
    several = (
        ngettext(
            "%(n)d pole fits “%(typed)s”: %(names)s. Choose one.",
            "%(n)d poles fit “%(typed)s”: %(names)s. Choose one.",
            len(names),
        )
        if is_pole
        else ngettext(
            "%(n)d base station fits “%(typed)s”: %(names)s. Choose one.",
            "%(n)d base stations fit “%(typed)s”: %(names)s. Choose one.",
            len(names),
        )
    )
    return ValidationError(several % {"n": len(names), "typed": typed, "names": shown})
