"""Letters as the card shows them: new words first, the rest folded, what the machine read marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Case, Q, QuerySet, When
from django.db.models.fields import BooleanField
from django.db.models.functions import Left
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents import marks
from incidents.marks import Piece
from incidents.models import Incident, IncidentEmail
from mailbox import inbox
from mailbox.models import Attachment, Email, Outgoing
from mailbox.parsing import PROBLEM_TEXTS
from mailbox.parsing.quotes import split_text

# Characters of one letter on the card; the whole of it is one click away.
MOST_TEXT = 20_000
# Characters of a quotation: it repeats letters that stand above.
MOST_FOLDED = 5_000
MOST_BRIEF = 160
# Facts about the letter's form that change nothing for its reader.
NOT_FOR_READERS = frozenset({"message-id-missing", "references-cut", "header-malformed", "header-cut", "headers-cut"})


@dataclass(frozen=True, slots=True)
class Fold:
    """A part of the letter that is history or habit, not news."""

    kind: str  # signature, quote or rest
    text: str

    @property
    def lines(self) -> int:
        return self.text.count("\n") + 1

    @property
    def title(self) -> str:
        """“Signature, 3 lines”."""
        names = {"signature": _("Signature"), "quote": _("Quotation"), "rest": _("Quotation and signature")}
        lines = ngettext("%(n)s line", "%(n)s lines", self.lines) % {"n": self.lines}
        return f"{names[self.kind]}, {lines}"

    @property
    def shown(self) -> str:
        return self.text[:MOST_FOLDED]

    @property
    def is_cut(self) -> bool:
        return len(self.text) > MOST_FOLDED


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter of the conversation, read for the page."""

    place: IncidentEmail
    email: Email
    subject: tuple[Piece, ...]
    text: tuple[Piece, ...]
    folds: tuple[Fold, ...] = ()
    files: tuple[Attachment, ...] = ()
    pictures: int = 0
    has_html: bool = False
    is_cut: bool = False
    role: str = ""  # requester, contractor or nothing
    repeats_subject: bool = False
    # The machine chose the site, or refused to choose one, by this letter.
    is_evidence: bool = False
    problems: tuple[str, ...] = field(default=())

    @property
    def pk(self) -> int:
        return self.email.pk

    @property
    def at(self) -> datetime:
        return self.email.received_at

    @property
    def brief(self) -> str:
        """Its first words, for the line of a folded letter."""
        return " ".join("".join(piece.text for piece in self.text)[: 2 * MOST_BRIEF].split())[:MOST_BRIEF]

    @property
    def is_out(self) -> bool:
        return self.email.direction == Email.Direction.OUT

    @property
    def is_quiet(self) -> bool:
        """Shown folded: no person wrote it."""
        return self.email.kind in (Email.Kind.AUTOREPLY, Email.Kind.FEEDBACK)

    @property
    def is_bounce(self) -> bool:
        return self.email.kind == Email.Kind.BOUNCE

    @property
    def sending(self) -> Outgoing | None:
        """What becomes of a letter that we wrote here; None for all others."""
        return getattr(self.email, "outgoing", None)

    @property
    def sender(self) -> str:
        return self.email.from_name or self.email.from_email or _("Unknown sender")

    @property
    def addressed(self) -> str:
        """“noc@operator.example · requester · to: desk, copies: 2”: from where, who that is, and to whom."""
        roles = {"requester": _("requester"), "contractor": _("contractor")}
        to, copies = self.to, len(self.email.cc)
        told = [
            _("to: %(to)s") % {"to": to} if to else "",
            ngettext("copy: %(n)s", "copies: %(n)s", copies) % {"n": copies} if copies else "",
        ]
        said = ["" if self.is_out else self.email.from_email, roles.get(self.role, ""), ", ".join(filter(None, told))]
        return " · ".join(filter(None, said))

    @property
    def recipients(self) -> str:
        """“desk, noc@operator.example” in full, for the hover."""
        lines = [", ".join(_said(each) for each in people) for people in (self.email.to, self.email.cc)]
        return " · ".join(filter(None, lines))

    @property
    def to(self) -> str:
        """The first of the addressees by name, the others counted."""
        names = [_name(each) for each in self.email.to]
        if len(names) < 3:
            return ", ".join(names)
        return _("%(first)s and %(n)d more") % {"first": names[0], "n": len(names) - 1}


def load_letters(
    incident: Incident, most: int | None, before: datetime | None = None
) -> tuple[list[Letter], Letter | None, bool]:
    """The newest `most` letters from before a moment, oldest first; the very first one if it is not among them; and
    whether there are more.

    Letters of one moment are never parted, so the next page goes on before the oldest of these.
    """
    rows = _places(incident).order_by("-email__received_at", "-email_id")
    earlier = rows.filter(email__received_at__lt=before) if before else rows
    places, has_more = _whole_moments(earlier, most)
    first = rows.last() if has_more or before else None
    has_more = has_more and first not in places
    places.reverse()
    if before:
        # The first one stands on the page from the beginning, and so do the marks of what was read.
        return _read_all([each for each in places if each != first], incident, is_told=False), None, has_more
    if not has_more or first is None:
        return _read_all(places, incident), None, False
    read = _read_all([first, *places], incident)
    return read[1:], read[0], True


def _whole_moments(newest_first: QuerySet[IncidentEmail], most: int | None) -> tuple[list[IncidentEmail], bool]:
    """At most so many, and whether there are more: the moment of the first one left out is left out as a whole, unless
    that is all there is."""
    found = list(newest_first[: most + 1] if most else newest_first)
    if most is None or len(found) <= most:
        return found, False
    edge = found[most].email
    kept = [each for each in found if each.email.received_at > edge.received_at]
    same = newest_first.filter(email__received_at=edge.received_at, email_id__lt=edge.pk)
    return kept or [*found, *same], True


def _read_all(places: Sequence[IncidentEmail], incident: Incident, *, is_told: bool = True) -> list[Letter]:
    files: dict[int, list[Attachment]] = {}
    for each in Attachment.objects.filter(email_id__in=[place.email_id for place in places]).order_by("id"):
        files.setdefault(each.email_id, []).append(each)
    said = [(place.email.subject, _reply(place)) for place in places]
    told = marks.letter_of(incident.reading, said) if is_told else None
    contractors = {address.lower() for address in (incident.pole.contractor_emails if incident.pole else [])}
    letters, subject = [], ""
    for number, place in enumerate(places):
        letters.append(
            _read(
                place,
                files.get(place.email_id, []),
                incident,
                is_evidence=number == told,
                role=_role(place.email, incident, contractors),
                repeats_subject=place.email.subject == subject,
            )
        )
        subject = place.email.subject
    return letters


def _places(incident: Incident) -> QuerySet[IncidentEmail]:
    """Places with their letters; of the long texts only what the card can show."""
    return (
        incident.letters.select_related("email__outgoing")
        .defer("email__text", "email__reply_text", "email__safe_html", "email__references")
        .annotate(
            shown_text=Left("email__text", 2 * MOST_TEXT),
            shown_reply=Left("email__reply_text", MOST_TEXT + 1),
            has_html=Case(When(~Q(email__safe_html=""), then=True), default=False, output_field=BooleanField()),
        )
    )


def _reply(place: IncidentEmail) -> str:
    reply: str = place.shown_reply  # type: ignore[attr-defined]
    return reply


def _read(
    place: IncidentEmail,
    files: Sequence[Attachment],
    incident: Incident,
    *,
    is_evidence: bool,
    role: str,
    repeats_subject: bool,
) -> Letter:
    email, reply = place.email, _reply(place)
    text: str = place.shown_text  # type: ignore[attr-defined]
    has_html: bool = place.has_html  # type: ignore[attr-defined]
    power_back = place.way == IncidentEmail.Way.POWER_BACK
    subject_spans = marks.subject_spans(incident.reading, email.subject) if is_evidence or power_back else []
    if power_back:
        subject_spans += marks.closing_span(email.subject)
    return Letter(
        place=place,
        email=email,
        subject=marks.pieces(email.subject, subject_spans),
        text=marks.pieces(reply[:MOST_TEXT], marks.reply_spans(incident.reading, reply) if is_evidence else []),
        # Of a letter too long for the card the whole text is one click away, folds and all.
        folds=() if len(reply) > MOST_TEXT else tuple(fold_rest(text, reply)),
        # A picture inside the HTML is no file to its reader; without HTML it is.
        files=tuple(each for each in files if not (each.inline and has_html)),
        pictures=sum(each.inline and has_html and each.content_type.startswith("image/") for each in files),
        has_html=has_html,
        is_cut=len(reply) > MOST_TEXT,
        role=role,
        repeats_subject=repeats_subject,
        is_evidence=is_evidence,
        problems=tuple(problem_texts(email.problems)),
    )


def fold_rest(text: str, reply: str) -> list[Fold]:
    """What the letter holds beside its new words: signature and quotation, or “the rest” where they are mixed."""
    if text.strip() == reply.strip():
        return []
    split = split_text(text)
    if split.reply == reply:
        # Answers between the lines say nothing without the questions they stand under.
        quoted = text.strip("\n") if _answers_between_lines(text) else split.quoted
        parts = [Fold("signature", split.signature), Fold("quote", quoted)]
        return [part for part in parts if part.text.strip()]
    rest = _lines_beside(text, reply)
    return [Fold("rest", rest)] if rest else []


def _answers_between_lines(text: str) -> bool:
    """Whether new words stand between quoted lines."""
    marks = [line.lstrip().startswith(">") for line in text.split("\n") if line.strip()]
    blocks = sum(now and not before for before, now in zip([False, *marks], marks, strict=False))
    return blocks > 1


def _lines_beside(text: str, reply: str) -> str:
    """The lines of the text that are not lines of the reply; all of it when the reply is no selection of them."""
    kept = [line.strip() for line in reply.split("\n") if line.strip()]
    rest, at = [], 0
    for line in text.split("\n"):
        if at < len(kept) and line.strip() == kept[at]:
            at += 1
        else:
            rest.append(line)
    # Twice on the screen is better than nowhere.
    return "\n".join(rest).strip("\n") if at == len(kept) else text.strip("\n")


def problem_texts(problems: Iterable[dict[str, str]], *, every: bool = False) -> list[str]:
    """What went wrong while the letter was read: as far as its reader should know, or `every` bit of it."""
    said = []
    for each in problems:
        if each["code"] in NOT_FOR_READERS and not every:
            continue
        if each["code"] == "letter-cut":
            text = _("The letter is too big and was cut; the original has %(detail)s bytes.")
        else:
            text = _(PROBLEM_TEXTS.get(each["code"], "%(detail)s"))
        said.append(text % {"detail": each.get("detail", "")})
    return said


def _role(email: Email, incident: Incident, contractors: set[str]) -> str:
    address = email.from_email.lower()
    if address and address in contractors:
        return "contractor"
    return "requester" if address and address == incident.requester_email.lower() else ""


def _name(person: dict[str, str]) -> str:
    return _("desk") if inbox.is_ours(person["email"]) else person["name"] or person["email"]


def _said(person: dict[str, str]) -> str:
    return f"{person['name']} <{person['email']}>" if person["name"] else person["email"]
