"""What people do on both sides of the mirror while it is measured."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random
from typing import Any

from django.db import transaction
from django.utils import timezone

from demo.tracker import Tracker
from demo.tracker.records import ApiError, Comment, Issue, User
from dispatchers.models import User as Person
from incidents import events, lifecycle, moving, services
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEmail, IncidentType
from mailbox import store as files
from mailbox.models import Attachment
from tests.factories import make_email, make_pole, make_station, make_user
from tracker_bridge.models import TrackerPerson

TYPES = ("Авария ВОЛС", "Авария по питанию РФ", "Угроза гибели / гибель объекта")
LOGINS = ("anna", "oleg")
POLES = 20
BY_HAND = 0.05
# Words that are looked for on the other side afterwards; each number is used once.
HERE, THERE, LETTER = "здесь №", "там №", "письмо №"


class Deeds:
    """Random ones, by the generator that is given; `happened` counts them."""

    def __init__(self, tracker: Tracker, rng: Random, happened: Counter[str]) -> None:
        self.tracker, self.rng, self.happened = tracker, rng, happened
        self.opened: list[Incident] = []
        self.numbers = itertools.count(1)
        self.users = [make_user(username=login, email=f"{login}@tower.example") for login in LOGINS]
        for user in self.users:
            TrackerPerson.objects.create(backend="yandex", user=user, login=user.username)
        self.poles = [make_pole(f"{41000 + number}-P-43-1-1") for number in range(POLES)]
        self.stations = [make_station(f"KI{number:06}", pole) for number, pole in enumerate(self.poles)]
        with tracker.lock:
            self.local = next(field.id for field in tracker.store.fields.values() if field.queue)

    def lot(self, size: int) -> None:
        """So many new incidents, and as many changes on each side."""
        for _ in range(size):
            self.open()
        here = self._weighed(HERE_DEEDS)
        for incident in self.rng.choices(self.opened, k=size * 2):
            self._do_here(self.rng.choice(here), incident)
        there = self._weighed(THERE_DEEDS)
        for _ in range(size):
            self._do_there(self.rng.choice(there))

    def open(self) -> None:
        if self.rng.random() < BY_HAND:
            self._do_there(create_by_hand)
            return
        subject = f"Нет питания {next(self.numbers)}"
        self.opened.append(services.open_by_hand(subject, by=self.rng.choice(self.users), at=timezone.now()))

    def _do_here(self, deed: Deed, incident: Incident) -> None:
        incident = Incident.objects.select_related("status").get(pk=incident.pk)
        try:
            deed(self, incident, self.rng.choice(self.users), timezone.now())
            self.happened[f"here: {deed.__name__}"] += 1
        except DomainError:
            self.happened["here: refused"] += 1

    def _do_there(self, deed: RemoteDeed) -> None:
        with self.tracker.lock:
            issues = list(self.tracker.store.issues.values())
            if not issues:
                return
            try:
                deed(self, self.rng.choice(issues), self.tracker.store.user(self.rng.choice(LOGINS)))
                self.happened[f"there: {deed.__name__}"] += 1
            except ApiError:
                self.happened["there: refused"] += 1

    @staticmethod
    def _weighed(deeds: dict[Any, int]) -> Sequence[Any]:
        return [deed for deed, weight in deeds.items() for _ in range(weight)]


Deed = Callable[[Deeds, Incident, Person, datetime], object]
RemoteDeed = Callable[[Deeds, Issue, User], object]


# --- here -----------------------------------------------------------------------------------------


def type_set(deeds: Deeds, incident: Incident, by: Person, now: datetime) -> None:
    services.set_type(incident, IncidentType.objects.get(name_ru=deeds.rng.choice(TYPES)), by=by, at=now)


def pole_set(deeds: Deeds, incident: Incident, by: Person, now: datetime) -> None:
    services.link_asset(incident, pole=deeds.rng.choice(deeds.poles), station=None, by=by, at=now)


def station_set(deeds: Deeds, incident: Incident, by: Person, now: datetime) -> None:
    station = deeds.rng.choice(deeds.stations)
    services.link_asset(incident, pole=station.pole, station=station, by=by, at=now)


def assigned(deeds: Deeds, incident: Incident, by: Person, now: datetime) -> None:
    services.assign(incident, to=deeds.rng.choice(deeds.users), by=by, at=now)


def note(deeds: Deeds, incident: Incident, by: Person, now: datetime) -> None:
    services.add_comment(incident, f"{HERE}{next(deeds.numbers)}.", by=by, at=now)


def step(deeds: Deeds, incident: Incident, by: Person, now: datetime) -> None:
    steps = lifecycle.next_steps(incident)
    if steps:
        taken = deeds.rng.choice(steps)
        reason = "Так решили." if taken.needs_reason else ""
        services.change_status(incident, taken.to_status, by=by, at=now, reason=reason)


def closed_or_opened_again(deeds: Deeds, incident: Incident, by: Person, now: datetime) -> None:
    if incident.merged_into_id:
        return
    if not incident.is_open:
        services.reopen(incident, by=by, at=now, reason="Снова нет питания.")
        return
    ends = [each for each in lifecycle.next_steps(incident) if each.to_status.key == "closed"]
    if ends:
        services.change_status(incident, ends[0].to_status, by=by, at=now, reason="Готово.")


@transaction.atomic
def letter(deeds: Deeds, incident: Incident, by: Person, now: datetime) -> None:
    """A letter comes in; every third with a file."""
    number = next(deeds.numbers)
    email = make_email(text=f"{LETTER}{number}.", received_at=now)
    if number % 3 == 0:
        content = f"акт {number}".encode()
        facts = {"name": f"акт-{number}.pdf", "content_type": "application/pdf", "size": len(content)}
        Attachment.objects.create(email=email, sha256=files.put(content), **facts)
    into = services.locked(incident.final)
    IncidentEmail.objects.create(incident=into, email=email, way="thread", thread=email.pk)
    into.has_news = True
    services.save(into, now, "has_news")
    events.record(into, "letter", actor=None, at=now, email=email.pk)


def read(deeds: Deeds, incident: Incident, by: Person, now: datetime) -> None:
    services.mark_read(incident)


def merged(deeds: Deeds, incident: Incident, by: Person, now: datetime) -> None:
    other = deeds.rng.choice(deeds.opened)
    moving.merge(incident, Incident.objects.get(pk=other.pk), by=by, at=now)


HERE_DEEDS: dict[Deed, int] = {
    type_set: 3,
    pole_set: 3,
    station_set: 3,
    assigned: 3,
    note: 3,
    step: 5,
    closed_or_opened_again: 2,
    letter: 6,
    read: 2,
    merged: 1,
}


# --- over there -----------------------------------------------------------------------------------


def type_typed(deeds: Deeds, issue: Issue, by: User) -> None:
    deeds.tracker.store.patch(issue, {deeds.local: deeds.rng.choice(TYPES)}, by, None, None)


def pole_typed(deeds: Deeds, issue: Issue, by: User) -> None:
    deeds.tracker.store.patch(issue, {"poleNumber": deeds.rng.choice(deeds.poles).code}, by, None, None)


def station_typed(deeds: Deeds, issue: Issue, by: User) -> None:
    deeds.tracker.store.patch(issue, {"baseStation": deeds.rng.choice(deeds.stations).name}, by, None, None)


def site_typed_wrong(deeds: Deeds, issue: Issue, by: User) -> None:
    """The beginning of many stations, and a pole that is not there."""
    deeds.tracker.store.patch(issue, {"baseStation": "KI0000", "poleNumber": "99999-X"}, by, None, None)


def assigned_there(deeds: Deeds, issue: Issue, by: User) -> None:
    deeds.tracker.store.patch(issue, {"assignee": deeds.rng.choice(LOGINS)}, by, None, None)


def protected_field_typed(deeds: Deeds, issue: Issue, by: User) -> None:
    values = {"summary": "Правка чужого поля", "incidentDbId": 1, "operatorName": "Кто-то"}
    deeds.tracker.store.patch(issue, values, by, None, None)


def commented(deeds: Deeds, issue: Issue, by: User) -> None:
    """Every third with a file."""
    number, store = next(deeds.numbers), deeds.tracker.store
    ids = []
    if number % 3 == 0:
        ids = [store.upload(f"фото-{number}.txt", f"фото {number}".encode(), "text/plain", by).id]
    store.comment(issue, {"text": f"{THERE}{number}.", "attachmentIds": ids}, by)


def comment_rewritten(deeds: Deeds, issue: Issue, by: User) -> None:
    written: list[Comment] = [each for each in issue.comments if each.author is by]
    if written:
        deeds.tracker.store.rewrite(issue, written[-1], f"{THERE}{next(deeds.numbers)}.", by)


def stepped(deeds: Deeds, issue: Issue, by: User) -> None:
    store = deeds.tracker.store
    if steps := store.steps_from(issue):
        store.execute(issue, deeds.rng.choice(steps).id, {}, by)


def create_by_hand(deeds: Deeds, issue: Issue, by: User) -> None:
    store = deeds.tracker.store
    store.create({"queue": store.queue, "summary": f"Позвонили {next(deeds.numbers)}"}, by)


THERE_DEEDS: dict[RemoteDeed, int] = {
    type_typed: 3,
    pole_typed: 3,
    station_typed: 3,
    site_typed_wrong: 1,
    assigned_there: 3,
    protected_field_typed: 2,
    commented: 4,
    comment_rewritten: 1,
    stepped: 4,
}
