"""Who is told of a warning, by which ways, and not before when.

Whoever has the incident, if he is at work; else the whole shift. Watchers are told on the desk alone. Managers when
it is theirs to know, and of what nobody at work hears. Telegram and e-mail find nobody at night who is off shift.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from incidents.models import Watch
from mailbox import accounts
from sla.models import DeadlineWarning, Told

if TYPE_CHECKING:
    from dispatchers.models import User

Channel = Told.Channel
Kind = DeadlineWarning.Kind


@dataclass(frozen=True, slots=True)
class People:
    """Everybody who may have to be told of some warnings; a constant number of queries."""

    shift: Sequence[User]
    managers: Sequence[User]
    watchers: Mapping[int, Sequence[User]]
    with_letters: bool

    @classmethod
    def of(cls, warnings: Collection[DeadlineWarning]) -> People:
        watchers: dict[int, list[User]] = defaultdict(list)
        watches = Watch.objects.filter(incident__in={each.incident_id for each in warnings}, person__is_active=True)
        for watch in watches.select_related("person"):
            watchers[watch.incident_id].append(watch.person)
        people = get_user_model().objects
        return cls(list(people.on_duty()), list(people.managers()), watchers, accounts.is_possible())

    def audience(self, warning: DeadlineWarning, *, only_managers: bool) -> dict[User, list[Told.Channel]]:
        """Each person with the ways he is told by. `only_managers`: the others know it already."""
        everywhere = set() if only_managers else set(self._at_work(warning))
        on_desk = set() if only_managers else set(self.watchers.get(warning.incident_id, ()))
        owner = warning.incident.assignee
        if owner and owner.is_active and not only_managers:
            on_desk.add(owner)
        if warning.is_escalated or (not everywhere and not only_managers and warning.kind != Kind.NEAR):
            everywhere |= set(self.managers)
        told = {person: [Channel.DESK] for person in on_desk - everywhere}
        return told | {person: self._ways(person) for person in everywhere}

    def _at_work(self, warning: DeadlineWarning) -> Iterable[User]:
        owner = warning.incident.assignee
        return [owner] if owner and owner.is_at_work else self.shift

    def _ways(self, person: User) -> list[Told.Channel]:
        ways = [Channel.DESK]
        if has_telegram(person) and person.warn_by_telegram:
            ways.append(Channel.TELEGRAM)
        if self.with_letters and person.warn_by_email and has_address(person):
            ways.append(Channel.EMAIL)
        return ways


def has_telegram(person: User) -> bool:
    """Whether a message to his chat arrives as far as we know."""
    return bool(settings.TG_TOKEN and person.telegram_chat and not person.telegram_broken)


def has_address(person: User) -> bool:
    """Never the desk itself: a warning must not open an incident."""
    return bool(person.email) and person.email.lower() not in settings.DESK_ADDRESSES


def not_before(person: User, now: datetime) -> datetime:
    """When Telegram and e-mail may speak to him: now, or when his quiet hours end. The shift has none."""
    if person.keeps_shifts or person.quiet_from is None or person.quiet_until is None:
        return now
    local = timezone.localtime(now)
    time = local.time()
    if person.quiet_from <= person.quiet_until:
        is_quiet = person.quiet_from <= time < person.quiet_until
    else:
        is_quiet = time >= person.quiet_from or time < person.quiet_until
    if not is_quiet:
        return now
    end = local.replace(hour=person.quiet_until.hour, minute=person.quiet_until.minute, second=0, microsecond=0)
    return end if end > local else end + timedelta(days=1)
