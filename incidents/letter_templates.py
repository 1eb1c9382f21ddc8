"""Which words a letter of the desk has for an incident, and what they say.

The words stand in rows that administrators write (LetterTemplate), by operator group, region and contractor; without
a fitting row in the shipped files. `Re: <code>:` is put before every subject by mailbox.composing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.template.loader import get_template
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from incidents import letter_variables
from incidents.letter_language import Problem, Words
from incidents.letter_variables import SCOPE, Facts
from incidents.models import Incident, LetterKind, LetterTemplate
from mailbox import letter_html

if TYPE_CHECKING:
    from dispatchers.models import User

logger = logging.getLogger(__name__)

Kind = LetterKind

SHIPPED = "incidents/mail/{kind}.txt"
_SUBJECT = "Subject: "


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a letter before an incident is put into them. Empty HTML: made from the text."""

    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words of a letter, its signature with them. `subject_tail` stands behind `Re: <code>:`."""

    subject_tail: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong in which field."""

    field: str
    problem: Problem

    def __str__(self) -> str:
        name = {"subject": pgettext("letter", "Subject"), "text": pgettext("letter", "Text"), "html": "HTML"}
        return f"{name[self.field]}. {self.problem}"


def render(
    kind: Kind, incident: Incident, *, by: User | None, now: datetime, given: Mapping[str, str] | None = None
) -> Rendered:
    """The letter of this kind about the incident, signed. `given`: what `attached` and `left_out` are to say."""
    facts = Facts(incident, by, now, given or {})
    return fill(wording(kind, incident), wording(Kind.SIGNATURE, incident), facts)


def signature(incident: Incident, *, by: User | None, now: datetime) -> Rendered:
    """How letters about the incident end that this person writes."""
    facts = Facts(incident, by, now)
    said = wording(Kind.SIGNATURE, incident)
    return Rendered("", _filled(said.text, facts).strip(), _filled(said.html, facts, is_html=True).strip())


def fill(said: Wording, signed: Wording | None, facts: Facts) -> Rendered:
    """These words about an incident, with this signature below; its own words for whoever shows no HTML."""
    parts = [(_filled(each.text, facts), _filled(each.html, facts, is_html=True)) for each in (said, signed) if each]
    text = "\n\n".join(text.strip() for text, _html in parts if text.strip())
    html = ""
    if any(html.strip() for _text, html in parts):
        html = "\n".join(
            html.strip() or letter_html.paragraphs(text) for text, html in parts if html.strip() or text.strip()
        )
    return Rendered(" ".join(_filled(said.subject, facts).split()), text, html)


def wording(kind: Kind, incident: Incident) -> Wording:
    """The most special words there are for this incident."""
    row = chosen(kind, incident)
    if row is not None:
        own = Wording(row.subject, row.text, row.html)
        if not broken(own):
            return own
        # It was right when it was saved: a newer Dispatch knows other names. A letter without words helps nobody.
        logger.error("letter template %d names what is not known; the shipped one is used", row.pk)
    return shipped(kind)


def chosen(kind: Kind, incident: Incident) -> LetterTemplate | None:
    """The row whose scope fits and says most: the contractor weighs most, then the operator group."""
    region = incident.pole.region_ru if incident.pole else ""
    group = incident.operator.group if incident.operator else ""
    fitting = LetterTemplate.objects.filter(
        Q(contractor=None) | Q(contractor=incident.contractor_id or 0), region__in=["", region],
        operator_group__in=["", group], kind=kind, is_used=True,
    )  # fmt: skip
    return max(
        fitting, key=lambda row: (bool(row.contractor_id), bool(row.operator_group), bool(row.region)), default=None
    )


def shipped(kind: Kind) -> Wording:
    """What comes with Dispatch; its first line may be `Subject: …`."""
    file: Any = get_template(SHIPPED.format(kind=kind))
    source = str(file.template.source)
    subject, text = "", source
    if source.startswith(_SUBJECT):
        subject, _line_end, text = source.removeprefix(_SUBJECT).partition("\n")
    return Wording(subject.strip(), text.strip("\n"), "")


def problems(subject: str, text: str, html: str, kind: Kind) -> list[Wrong]:
    """What must be put right before these words are used: every problem of every field, by line."""
    found = broken(Wording(subject, text, html))
    if not found:
        found = [*_missing(subject, text, html, kind), *_hygiene(html)]
    order = ["subject", "text", "html"]
    return sorted(found, key=lambda each: (order.index(each.field), each.problem.line))


def broken(said: Wording) -> list[Wrong]:
    """What cannot be read."""
    fields = {"subject": said.subject, "text": said.text, "html": said.html}
    read = {name: Words(source, SCOPE, is_html=name == "html") for name, source in fields.items()}
    return [Wrong(name, problem) for name, words in read.items() for problem in words.problems]


def _missing(subject: str, text: str, html: str, kind: Kind) -> list[Wrong]:
    """A letter says something, and names its code where people look: they read it out on the phone."""
    found = []
    if not text.strip():
        found.append(Wrong("text", Problem(0, _("The letter is empty."))))
    if kind == Kind.SIGNATURE:
        return found
    if not subject.strip():
        found.append(Wrong("subject", Problem(0, _("The subject is empty."))))
    if "\n" in subject.strip():
        found.append(Wrong("subject", Problem(0, _("The subject is one line."))))
    for name, source in (("text", text), ("html", html)):
        if source.strip() and "code" not in Words(source, SCOPE, is_html=name == "html").used:
            said = _("The code of the incident is missing. Write %(code)s where the reader will look for it.")
            found.append(Wrong(name, Problem(0, said % {"code": "{{ code }}"})))
    return found


def _hygiene(html: str) -> list[Wrong]:
    """What mail programs do not show, or strangers could be watched with."""
    if not html.strip():
        return []
    shown = Words(html, SCOPE, is_html=True).fill(letter_variables.examples())
    return [Wrong("html", Problem(0, each)) for each in letter_html.check(shown)]


def _filled(source: str, facts: Facts, *, is_html: bool = False) -> str:
    words = Words(source, SCOPE, is_html=is_html)
    return words.fill(letter_variables.values(facts, words.used))


def all_of(kind: Kind) -> QuerySet[LetterTemplate]:
    """The rows of a kind, the widest scope first."""
    rows = LetterTemplate.objects.filter(kind=kind).select_related("contractor")
    return rows.order_by("contractor__name", "operator_group", "region", "pk")
