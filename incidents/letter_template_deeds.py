"""What administrators do to the words of letters: write, change, set aside, take a version back. All of it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from incidents import letter_templates
from incidents.errors import DomainError
from incidents.letter_templates import Kind, Wording
from incidents.letter_variables import Facts
from incidents.models import Incident, LetterTemplate, LetterTemplateVersion
from mailbox import letter_html

if TYPE_CHECKING:
    from dispatchers.models import User
    from towers.models import Contractor

MAY_CHANGE = "incidents.change_lettertemplate"
# Words are tried on so many of the newest incidents before they are saved.
TRIED_ON = 10


@dataclass(frozen=True, slots=True)
class For:
    """Which incidents the words are for; what is empty means any."""

    operator_group: str = ""
    region: str = ""
    contractor: Contractor | None = None


class Outdated(DomainError):
    """Somebody saved another version meanwhile."""


@transaction.atomic
def begin(kind: Kind, scope: For, said: Wording, *, by: User, at: datetime, why: str = "") -> LetterTemplate:
    """The first words for this scope. Raises DomainError where there are some already."""
    _require(by)
    template = LetterTemplate(
        kind=kind, operator_group=scope.operator_group, region=scope.region, contractor=scope.contractor, version=0
    )
    try:
        with transaction.atomic():
            template.save()
    except IntegrityError as error:
        raise DomainError(_("There is such a template already. Change that one.")) from error
    return _version(template, said, by=by, at=at, why=why)


@transaction.atomic
def save(
    template: LetterTemplate, said: Wording, *, seen: int, by: User, at: datetime, why: str = ""
) -> LetterTemplate:
    """These words from now on. `seen`: the version that was changed; the same words again are no version."""
    _require(by)
    template = _fresh(template, seen)
    if template.is_used and _words(template) == said:
        return template
    return _version(template, said, by=by, at=at, why=why)


@transaction.atomic
def set_aside(template: LetterTemplate, *, seen: int, by: User, at: datetime, why: str = "") -> LetterTemplate:
    """Letters of this scope get the next wider words again, at last the shipped ones. Doing it twice is harmless."""
    _require(by)
    template = _fresh(template, seen)
    if not template.is_used:
        return template
    return _version(template, _words(template), by=by, at=at, why=why, is_used=False)


@transaction.atomic
def take_back(template: LetterTemplate, number: int, *, seen: int, by: User, at: datetime) -> LetterTemplate:
    """The words of an earlier version as a new one; raises LetterTemplateVersion.DoesNotExist."""
    _require(by)
    template = _fresh(template, seen)
    version = template.versions.get(number=number)
    said = Wording(version.subject, version.text, version.html)
    if version.is_used:
        _require_sound(said, Kind(template.kind))
    if template.is_used == version.is_used and _words(template) == said:
        return template
    return _version(template, said, by=by, at=at, is_used=version.is_used, taken_back=number)


def trials(kind: Kind, said: Wording, *, by: User, now: datetime) -> list[str]:
    """What goes wrong when these words are written about the newest incidents, in a sentence each."""
    wrong = []
    for incident in newest(TRIED_ON):
        letter = letter_templates.fill(said, None, Facts(incident, by, now))
        found = letter_html.check(letter.html) if letter.html else []
        if not letter.text:
            found = [_("nothing is left of the text"), *found]
        elif kind != Kind.SIGNATURE and incident.code not in letter.text:
            found = [_("the letter does not name the code"), *found]
        wrong += [_("%(code)s: %(what)s") % {"code": incident.code, "what": each} for each in found]
    return wrong


def newest(number: int) -> list[Incident]:
    """The incidents that letters are tried on, with what letters name of them."""
    rows = Incident.objects.order_by("-opened_at", "-id")
    return list(rows.select_related("type", "status", "pole", "base_station", "operator", "contractor")[:number])


def _require(by: User) -> None:
    if not by.has_perm(MAY_CHANGE):
        raise PermissionDenied


def _require_sound(said: Wording, kind: Kind) -> None:
    """What an older version was may name what is no longer known."""
    found = letter_templates.problems(said.subject, said.text, said.html, kind)
    if found:
        raise DomainError(_("This version cannot be used any more: %(what)s") % {"what": found[0]})


def _fresh(template: LetterTemplate, seen: int) -> LetterTemplate:
    """The row, locked, if it is as the person saw it."""
    fresh = LetterTemplate.objects.select_for_update().get(pk=template.pk)
    if fresh.version != seen:
        last = fresh.versions.select_related("by").get(number=fresh.version)
        said = _("Meanwhile %(who)s saved version %(n)d. Look at it, then do it again.")
        raise Outdated(said % {"who": last.by.full_name, "n": fresh.version})
    return fresh


def _words(template: LetterTemplate) -> Wording:
    return Wording(template.subject, template.text, template.html)


def _version(
    template: LetterTemplate,
    said: Wording,
    *,
    by: User,
    at: datetime,
    why: str = "",
    is_used: bool = True,
    taken_back: int | None = None,
) -> LetterTemplate:
    template.subject, template.text, template.html, template.is_used = said.subject, said.text, said.html, is_used
    template.version += 1
    template.save()
    LetterTemplateVersion.objects.create(
        template=template, number=template.version, subject=said.subject, text=said.text, html=said.html,
        is_used=is_used, by=by, at=at, why=why, taken_back=taken_back,
    )  # fmt: skip
    return template
