"""The words of letters as their pages list them: what there is, for whom, who wrote it, and what was before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents import letter_templates
from incidents.letter_differences import Difference, between
from incidents.letter_templates import Kind, Wording
from incidents.models import LetterTemplate, LetterTemplateVersion

SPECIAL_ON_A_PAGE = 50
VERSIONS_ON_A_PAGE = 30

# When each letter leaves, and to whom.
ABOUT: dict[str, str | Promise] = {
    Kind.ACCEPTED: gettext_lazy("To whoever reported it, when the operator is to be told that it is being worked."),
    Kind.HANDED_OVER: gettext_lazy("To the contractor of the pole, when the incident is handed over."),
    Kind.CLOSED: gettext_lazy("To whoever reported it, and to the contractor if one was engaged, when it is done."),
    Kind.CLOSED_AGAIN: gettext_lazy("By itself, once, to whoever writes into a closed incident."),
    Kind.SIGNATURE: gettext_lazy("Below every letter of the desk, those of the dispatchers too."),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A template as a list shows it; without one the shipped words are in force."""

    kind: Kind
    template: LetterTemplate | None
    last: LetterTemplateVersion | None = None
    # Names what this version of Dispatch does not know, so the shipped words are sent instead.
    is_broken: bool = False

    @property
    def about(self) -> str | Promise:
        return ABOUT[self.kind]

    @property
    def scope(self) -> str:
        return scope_words(self.template) if self.template else ""


@dataclass(frozen=True, slots=True)
class Change:
    """A version and what it changed."""

    version: LetterTemplateVersion
    differences: Sequence[Difference]


def scope_words(template: LetterTemplate) -> str:
    """Which incidents the words are for, in a line; "" for all."""
    contractor = template.contractor.name if template.contractor else ""
    return ", ".join(each for each in (template.operator_group, template.region, contractor) if each)


def general() -> list[Row]:
    """One row a kind: the words for all incidents."""
    wide = LetterTemplate.objects.filter(operator_group="", region="", contractor=None)
    rows = {row.kind: row for row in _rows(wide)}
    return [rows.get(kind) or Row(kind, None) for kind in Kind]


def special(before: int | None) -> tuple[list[Row], int | None]:
    """Words for some incidents only, the newest first; with the id that the next page begins before."""
    narrow = LetterTemplate.objects.exclude(operator_group="", region="", contractor=None).order_by("-pk")
    if before:
        narrow = narrow.filter(pk__lt=before)
    rows = _rows(narrow.select_related("contractor")[: SPECIAL_ON_A_PAGE + 1])
    shown = rows[:SPECIAL_ON_A_PAGE]
    last = shown[-1].template if len(rows) > SPECIAL_ON_A_PAGE else None
    return shown, last.pk if last else None


def history(template: LetterTemplate, before: int | None) -> tuple[list[Change], int | None]:
    """The versions, the newest first, each with what it changed; with the number the next page begins before."""
    found = template.versions.select_related("by").order_by("-number")
    if before:
        found = found.filter(number__lt=before)
    # One more than is shown: what the last one changed is told by the one before it.
    versions = list(found[: VERSIONS_ON_A_PAGE + 1])
    first = letter_templates.shipped(Kind(template.kind))
    changes = [
        Change(version, between(versions[at + 1] if at + 1 < len(versions) else first, version))
        for at, version in enumerate(versions[:VERSIONS_ON_A_PAGE])
    ]
    more = len(versions) > VERSIONS_ON_A_PAGE
    return changes, changes[-1].version.number if more else None


def _rows(templates: Iterable[LetterTemplate]) -> list[Row]:
    listed = list(templates)
    newest = LetterTemplateVersion.objects.filter(template__in=listed, number=F("template__version"))
    last = {each.template_id: each for each in newest.select_related("by")}
    return [Row(Kind(each.kind), each, last.get(each.pk), _is_broken(each)) for each in listed]


def _is_broken(template: LetterTemplate) -> bool:
    return bool(letter_templates.broken(Wording(template.subject, template.text, template.html)))


def title(kind: Kind, template: LetterTemplate | None, *, is_special: bool = False) -> str:
    """What the page of these words is called."""
    scope = scope_words(template) if template else ""
    if scope:
        return _("%(letter)s: %(scope)s") % {"letter": kind.label.capitalize(), "scope": scope}
    if is_special:
        return _("%(letter)s: for some incidents only") % {"letter": kind.label.capitalize()}
    return str(kind.label).capitalize()
