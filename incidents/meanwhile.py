"""What others did since a page was loaded, and what one's own click has just done, in a sentence each."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import moving_words, timeline, why
from incidents.models import Comment, Incident, IncidentEvent
from incidents.occurrences import STEPS, Happened, describe

# A step is decided by what was written; a note answers what was said and decided. Who has the incident and its clocks
# change the sense of neither.
NEWS_FOR_A_STEP = frozenset({"letter", "power_back"}) | STEPS
NEWS_FOR_A_NOTE = frozenset({"comment", "site_linked"}) | NEWS_FOR_A_STEP
QUOTED = 80


def said_since(incident: Incident, seen: int | None, kinds: frozenset[str], *, than_own: int) -> str:
    """The newest thing of these kinds that somebody else did after `seen`, in a sentence; empty if there is none."""
    if seen is None:
        return ""
    event = timeline.newer(incident, seen, kinds, than_own=than_own)
    return sentences([event])[0] if event else ""


def sentences(events: Sequence[IncidentEvent]) -> list[str]:
    """Each of these events in a sentence, with whoever did it; a constant number of queries."""
    notes = Comment.objects.in_bulk({each.data["comment"] for each in events if each.kind == "comment"})
    told = {each.event.pk: each for each in describe(events)}
    return [_sentence(each, notes.get(each.data.get("comment", 0)), told.get(each.pk)) for each in events]


def _sentence(event: IncidentEvent, note: Comment | None, happened: Happened | None) -> str:
    words = {"at": timezone.localtime(event.at).strftime("%H:%M")}
    if event.kind == "letter" and event.actor:
        return _("%(who)s sent a letter at %(at)s.") % {**words, "who": event.actor.full_name}
    if event.kind == "letter":
        return _("A letter came at %(at)s.") % words
    if event.kind == "power_back":
        return _("The operator said at %(at)s that power is back.") % words
    if event.kind == "comment":
        who = event.actor.full_name if event.actor else _("Dispatch")
        text = " ".join(note.text.split()) if note else ""
        cut = text if len(text) <= QUOTED else f"{text[:QUOTED].rstrip()}…"
        return _("%(who)s wrote a note at %(at)s: “%(text)s”") % {**words, "who": who, "text": cut}
    assert happened is not None
    return moving_words.meanwhile(event, happened.other) if happened.other else why.change(happened)


def done(events: Sequence[IncidentEvent]) -> str:
    """What a click did, for the message that offers to take it back."""
    said = []
    for happened in describe(events):
        if happened.after:
            said.append(_("Status: “%(status)s”.") % {"status": happened.after.name})
        elif happened.is_taken:
            said.append(_("The incident is yours."))
        elif happened.person:
            said.append(_("Assigned: %(name)s.") % {"name": happened.person.full_name})
        else:
            said.append(_("Returned to the common queue."))
    return " ".join(said)
