"""The letter of the week: its words as text and in HTML, and its way to managers, once a week whatever stands still.

Letters are Russian documents: their words stand in templates/sla/mail/.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from mailbox import accounts, composing, outbox
from mailbox.composing import Mail, Person, WrongAddress
from mailbox.models import Outgoing
from sla import weekly
from sla.figures import asking
from sla.models import WeeklyLetter, WeeklyRefusal
from sla.weekly import WEEK, Week

if TYPE_CHECKING:
    from dispatchers.models import User

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Words:
    """The letter without its reader."""

    subject: str
    text: str
    html: str


def words(week: Week) -> Words:
    context = {"week": week, "weekly_url": _weekly_url()}
    with translation.override("ru"):
        return Words(
            subject=" ".join(render_to_string("sla/mail/weekly_subject.txt", context).split()),
            text=render_to_string("sla/mail/weekly.txt", context).strip(),
            html=render_to_string("sla/mail/weekly.html", context).strip(),
        )


def due(now: datetime) -> date | None:
    """The week that managers are to be written about by now, and were not; None if there is none."""
    week = weekly.last_whole(now)
    if not settings.SLA_WEEKLY_WEEKDAY or now < _moment(week):
        return None
    return None if WeeklyLetter.objects.filter(week=week).exists() else week


def next_at(now: datetime) -> datetime | None:
    """When managers are written to next; None where they never are."""
    if not settings.SLA_WEEKLY_WEEKDAY:
        return None
    week = weekly.last_whole(now)
    return _moment(week) if now < _moment(week) else _moment(week + WEEK)


def _moment(week: date) -> datetime:
    """When the letter about this week leaves: in the week after it."""
    day = week + WEEK + timedelta(days=settings.SLA_WEEKLY_WEEKDAY - 1)
    return timezone.make_aware(datetime.combine(day, time(settings.SLA_WEEKLY_HOUR)))


def send_due(now: datetime) -> int:
    """Write to every manager who wants it, once a week, however late somebody asks; returns how many letters.

    Row and letters are one transaction: whoever dies in it has written to nobody.
    """
    first = due(now)
    if first is None or not accounts.is_possible() or asking.fresh_at() is None:
        return 0
    people = readers()
    week = weekly.of(first, now) if people else None
    if week is None or week.is_empty:
        return 0
    said = words(week)
    try:
        with transaction.atomic():
            row = WeeklyLetter.objects.create(week=first, at=now)
            row.letters.set([letter for person in people if (letter := _to(person, said, now))])
            return row.letters.count()
    except IntegrityError:
        # Somebody else has just written them.
        return 0


def send_to(person: User, first: date, now: datetime) -> Outgoing | None:
    """The letter about this week to one who asks for it; None where he has no address. Raises SendingIsOff."""
    return _to(person, words(weekly.of(first, now)), now, by=person)


def readers() -> Sequence[User]:
    """Managers with an address who have not refused it."""
    refused = WeeklyRefusal.objects.values("person")
    return list(get_user_model().objects.managers().exclude(email="").exclude(pk__in=refused).order_by("pk"))


def refuse(person: User, now: datetime) -> None:
    WeeklyRefusal.objects.get_or_create(person=person, defaults={"at": now})


def want(person: User) -> None:
    WeeklyRefusal.objects.filter(person=person).delete()


def _to(person: User, said: Words, now: datetime, by: User | None = None) -> Outgoing | None:
    mail = Mail(
        subject=said.subject, text=said.text, html=said.html, to=[Person(person.full_name, person.email)], now=now
    )
    try:
        return outbox.queue(composing.notice(None, mail), now=now, is_automatic=by is None, by=by)
    except WrongAddress:
        logger.warning("letter of the week: person %d has no address that letters can be written to", person.pk)
        return None


def _weekly_url() -> str:
    return settings.DESK_URL.rstrip("/") + reverse("sla:weekly") if settings.DESK_URL else ""
