"""What others did since a page was loaded, and what one's own click has just done, in a sentence each."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import timeline, why
from incidents.models import Comment, Incident, IncidentEvent
from incidents.occurrences import STEPS, describe

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
    return _sentence(event) if event else ""


def _sentence(event: IncidentEvent) -> str:
    words = {"at": timezone.localtime(event.at).strftime("%H:%M")}
    if event.kind == "letter" and event.actor:
        return _("%(who)s sent a letter at %(at)s.") % {**words, "who": event.actor.full_name}
    if event.kind == "letter":
        return _("A letter came at %(at)s.") % words
    if event.kind == "power_back":
        return _("The operator said at %(at)s that power is back.") % words
    if event.kind == "comment":
        note = Comment.objects.filter(pk=event.data.get("comment")).first()
        who = event.actor.full_name if event.actor else _("Dispatch")
        text = " ".join(note.text.split()) if note else ""
        cut = text if len(text) <= QUOTED else f"{text[:QUOTED].rstrip()}…"
        return _("%(who)s wrote a note at %(at)s: “%(text)s”") % {**words, "who": who, "text": cut}
    return why.change(describe([event])[0])


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
            said.append(_("Given back to the common queue."))
    return " ".join(said)
