"""What a found incident shows: a line or two of what was said, the words marked, by whom and when.

PostgreSQL marks the words in a copy of the text that keeps every character in its place; what a stranger wrote goes to
the page as text and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib.postgres.search import SearchHeadline
from django.db.models import F, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Left

from incidents.ledger_rows import spans
from incidents.marks import Piece, Span, pieces
from incidents.models import Comment, Incident
from incidents.recognising import Kind
from incidents.search.finding import Hit
from incidents.search.questions import Question, Words
from incidents.search.sources import Said
from incidents.words import CONFIG
from mailbox.models import Attachment, Email
from mailbox.models.letters import JOINTS, JOINTS_OF_FILES, apart

MOST_LINES = 2
# Characters of a letter that are looked through for the place to show, and those shown of it.
SEARCHED, SEARCHED_AGAIN, SHOWN, BEFORE = 3_000, 30_000, 240, 40
_START, _STOP = "\ue000", "\ue001"
# An entity of HTML would be one word.
_ENTITIES = "&"
# Beyond so many a text is a list of the word, and any place will do.
_MOST_MARKS = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A place where it was said. `anchor`: where that stands on the card."""

    said: Said
    at: datetime
    words: tuple[Piece, ...]
    who: tuple[Piece, ...] = ()
    is_out: bool = False
    anchor: str = ""


def lines(hits: Sequence[Hit], incidents: Mapping[int, Incident], question: Question) -> dict[int, list[Line]]:
    """The lines of each incident; a query for each kind of row that is shown."""
    chosen = {hit.incident: _chosen(hit) for hit in hits}
    wanted: dict[Said, list[int]] = {}
    for hit in hits:
        for said in chosen[hit.incident]:
            wanted.setdefault(said, []).append(hit.rows[said].row)
    made: dict[Said, dict[int, Line]] = {}
    for said, keys in wanted.items():
        made[said] = _MAKERS[said](keys, question) if said in _MAKERS else {}
    found: dict[int, list[Line]] = {}
    for hit in hits:
        ready = [made[said].get(hit.rows[said].row) for said in chosen[hit.incident] if said != Said.PLACE]
        if Said.PLACE in chosen[hit.incident]:
            ready.append(_place(incidents[hit.incident], hit, question))
        found[hit.incident] = [line for line in ready if line]
    return found


def _chosen(hit: Hit) -> list[Said]:
    """What was said; what the incident itself is called or where it stands, only where nobody said it."""
    said = [each for each in sorted(hit.rows) if each < Said.INCIDENT]
    return said[:MOST_LINES] or sorted(hit.rows)[:1]


def _letters(keys: Sequence[int], question: Question) -> dict[int, Line]:
    """The new words of a letter are looked through first; what it quotes only where they do not hold the words."""
    rows = Email.objects.filter(pk__in=keys).only("subject", "from_name", "from_email", "direction", "received_at")
    rows = rows.annotate(
        body=Left("reply_text", SEARCHED),
        words=_marked(Left("reply_text", SEARCHED), question.words),
        subject_words=_marked(F("subject"), question.words),
        name_words=_marked(F("from_name"), question.words),
        address_words=_marked(F("from_email"), question.words),
    )
    made = {each.pk: _letter(each) for each in rows}
    unmarked = [pk for pk, line in made.items() if not any(piece.mark for piece in (*line.words, *line.who))]
    if unmarked:
        whole = Email.objects.filter(pk__in=unmarked).annotate(whole=Left("text", SEARCHED_AGAIN))
        whole = whole.annotate(marked=_marked(Left("text", SEARCHED_AGAIN), question.words))
        for pk, text, marked in whole.values_list("pk", "whole", "marked"):
            made[pk] = replace(made[pk], words=snippet(text, spans(marked, text)))
    return made


def _letter(letter: Any) -> Line:
    body, subject = letter.body, letter.subject
    found, named = spans(letter.words, body), spans(letter.subject_words, subject)
    words = snippet(subject, named) if named and not found else snippet(body, found)
    who = pieces(letter.from_name, spans(letter.name_words, letter.from_name))
    address = spans(letter.address_words, letter.from_email)
    if address or not who:
        who = (*who, *((Piece(" "),) if who else ()), *pieces(letter.from_email, address))
    is_out = letter.direction == Email.Direction.OUT
    return Line(Said.LETTER, letter.received_at, words, who, is_out, f"letter-{letter.pk}")


def _notes(keys: Sequence[int], question: Question) -> dict[int, Line]:
    rows = Comment.objects.filter(pk__in=keys).select_related("author")
    rows = rows.annotate(words=_marked(Left("text", SEARCHED), question.words))
    return {each.pk: _note(each) for each in rows}


def _note(note: Any) -> Line:
    words = snippet(note.text, spans(note.words, note.text[:SEARCHED]))
    author = note.author.short_name if note.author else "Dispatch"
    return Line(Said.NOTE, note.at, words, (Piece(author),), anchor=f"note-{note.pk}")


def _files(keys: Sequence[int], question: Question) -> dict[int, Line]:
    rows = Attachment.objects.filter(pk__in=keys).select_related("email").only(
        "name", "email__from_name", "email__from_email", "email__direction", "email__received_at"
    )  # fmt: skip
    rows = rows.annotate(words=_marked(F("name"), question.words_of_files, JOINTS_OF_FILES))
    return {each.pk: _file(each) for each in rows}


def _file(file: Any) -> Line:
    letter = file.email
    words = snippet(file.name, spans(file.words, file.name))
    who = (Piece(letter.from_name or letter.from_email),)
    is_out = letter.direction == Email.Direction.OUT
    return Line(Said.FILE, letter.received_at, words, who, is_out, f"letter-{letter.pk}")


def _incidents(keys: Sequence[int], question: Question) -> dict[int, Line]:
    rows = Incident.objects.filter(pk__in=keys).only("subject", "requester_name", "requester_email", "opened_at")
    rows = rows.annotate(
        words=_marked(F("subject"), question.words),
        name_words=_marked(F("requester_name"), question.words),
        address_words=_marked(F("requester_email"), question.words),
    )
    return {each.pk: _incident(each) for each in rows}


def _incident(incident: Any) -> Line:
    words = pieces(incident.subject, spans(incident.words, incident.subject))
    name = pieces(incident.requester_name, spans(incident.name_words, incident.requester_name))
    address = pieces(incident.requester_email, spans(incident.address_words, incident.requester_email))
    who = (*name, *((Piece(" "),) if name and address else ()), *address)
    return Line(Said.INCIDENT, incident.opened_at, words, who)


def _place(incident: Incident, hit: Hit, question: Question) -> Line:
    """The site itself was asked for; the row beside it shows the code, here is where that is."""
    pole, station = incident.pole, incident.base_station
    if not pole:
        return Line(Said.PLACE, hit.at, (Piece(incident.code, "read"),))
    is_pole = any(pole.code_key.startswith(each.normal) for each in question.meanings if each.kind == Kind.POLE)
    is_station = not is_pole and any(each.kind == Kind.STATION for each in question.meanings)
    words = [Piece(pole.code, "" if is_station else "read"), Piece(f" {pole.address}")]
    if station:
        words = [Piece(station.name, "read" if is_station else ""), Piece(" "), *words]
    return Line(Said.PLACE, hit.at, tuple(words))


_MAKERS: dict[Said, Callable[[Sequence[int], Question], dict[int, Line]]] = {
    Said.LETTER: _letters,
    Said.NOTE: _notes,
    Said.FILE: _files,
    Said.INCIDENT: _incidents,
}


def _marked(text: Combinable, words: Words | None, joints: str = JOINTS) -> SearchHeadline | Value:
    """The text taken apart as the index has it, each character in its place, with marks around the words."""
    if words is None:
        return Value("")
    opened = apart(text, joints + _ENTITIES)
    return SearchHeadline(opened, words, config=CONFIG, start_sel=_START, stop_sel=_STOP, highlight_all=True)


def snippet(text: str, found: Sequence[Span]) -> tuple[Piece, ...]:
    """The stretch of the text with the most marks, in one line; without marks its beginning."""
    start = max(0, _best(found) - BEFORE)
    if start:
        # Not in the middle of a word.
        start = text.find(" ", start, start + BEFORE) + 1 or start
    shown = text[start : start + SHOWN]
    inside = [Span(each.start - start, each.end - start, True) for each in found if each.start >= start]
    # A space stays one character, so that the marks keep their places.
    line = "".join(" " if char.isspace() else char for char in shown)
    cut = _narrow(pieces(line, inside))
    return (Piece("… "), *cut) if start else cut


def _best(found: Sequence[Span]) -> int:
    """Where the stretch begins that has the most marks; the first of equals."""
    starts = [each.start for each in found[:_MOST_MARKS]]
    if not starts:
        return 0
    return max(starts, key=lambda start: (sum(start <= each < start + SHOWN - BEFORE for each in starts), -start))


def _narrow(cut: Iterable[Piece]) -> tuple[Piece, ...]:
    """Stretches of spaces as one: letters are full of empty lines."""
    narrowed = []
    for piece in cut:
        words = " ".join(piece.text.split())
        before = " " if piece.text[:1] == " " else ""
        behind = " " if piece.text[-1:] == " " and words else ""
        narrowed.append(Piece(before + words + behind, piece.mark))
    return tuple(piece for piece in narrowed if piece.text)
