"""Which incident an issue from before the mirror is about."""

from __future__ import annotations

from datetime import datetime, timedelta

from incidents.models import Incident
from tracker_bridge import adopting
from tracker_bridge.protocol import RemoteIssue

# The predecessor and we read the moment of the first letter from different headers.
NEAR = timedelta(minutes=2)
MOST_LOOKED_AT = 50


def named(remote: RemoteIssue, backend: str) -> Incident | None:
    """By the code in its summary; else by number or first letter, if the subject is the same, too.

    A number alone proves nothing: it may be that of another database.
    """
    if incident := adopting.named_in_summary(remote, backend):
        return incident
    free = [each for each in (*_by_number(remote), *_by_first_letter(remote)) if _is_about(each, remote)]
    return next((each for each in free if adopting.is_free(each, backend)), None)


def _by_number(remote: RemoteIssue) -> list[Incident]:
    number = remote.fields.get("database_id")
    if not isinstance(number, int) or isinstance(number, bool):
        return []
    return list(Incident.objects.filter(pk=number))


def _by_first_letter(remote: RemoteIssue) -> list[Incident]:
    at = remote.fields.get("email_datetime")
    if not isinstance(at, datetime):
        return []
    near = Incident.objects.filter(opened_at__range=(at - NEAR, at + NEAR)).order_by("-opened_at", "-pk")
    return list(near[:MOST_LOOKED_AT])


def _is_about(incident: Incident, remote: RemoteIssue) -> bool:
    summary, subject = _plain(str(remote.fields.get("summary") or "")), _plain(incident.subject)
    return bool(summary and subject) and (subject in summary or summary in subject)


def _plain(words: str) -> str:
    return " ".join(words.split()).casefold()
