"""Two administrators save at the same moment; a dispatcher works on while a worker follows new rules."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import services
from incidents.models import Incident, IncidentType, Status
from sla import changing, recomputing, rule_following
from sla.models import IncidentClock, PolicyVersion
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def together(*deeds: Callable[[], object]) -> None:
    def run(deed: Callable[[], object]) -> None:
        try:
            deed()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


def with_time(minutes: int) -> dict[str, Any]:
    document = copy.deepcopy(changing.newest().document)
    document["types"]["power-msk"] = minutes
    return document


def test_of_two_who_save_at_once_one_is_refused():
    people = [make_user(Role.ADMINISTRATOR) for _each in range(2)]
    based_on, ready, said = changing.newest().number, threading.Barrier(2, timeout=20), []

    def save(by: User, document: dict[str, Any]) -> None:
        ready.wait()
        try:
            said.append(changing.save(document, by=by, why="", now=NOW, based_on=based_on).number)
        except changing.ChangedMeanwhile as refusal:
            said.append(refusal.newest.number)

    documents = [with_time(60), with_time(90)]
    together(*(lambda pair=pair: save(*pair) for pair in zip(people, documents, strict=True)))

    assert said == [based_on + 1, based_on + 1]
    assert PolicyVersion.objects.count() == based_on + 1


def test_a_step_taken_while_a_worker_follows_new_rules_is_not_overwritten():
    me, incident = make_user(), make_incident(status="inProgress")
    services.set_type(incident, IncidentType.objects.get(key="power-msk"), by=me, at=NOW)
    document = with_time(60)
    changing.save(document, by=make_user(Role.ADMINISTRATOR), why="", now=NOW, based_on=changing.newest().number)
    has_closed, may_end = threading.Event(), threading.Event()

    def close() -> None:
        with transaction.atomic():
            services.change_status(incident, Status.objects.get(key="closed"), by=me, at=NOW, reason="готово")
            has_closed.set()
            may_end.wait(20)

    def follow() -> None:
        has_closed.wait(20)
        # The worker waits for the dispatcher's lock; he ends once it surely asks for it.
        threading.Timer(0.3, may_end.set).start()
        rule_following.follow(lambda: NOW)

    together(close, follow)

    clock = IncidentClock.objects.get(incident=incident, clock="incident")
    assert clock.state == "stopped"
    fresh = recomputing.load(Incident.objects.values_list("pk", flat=True))
    assert recomputing.recompute(fresh, NOW, write=False) == []
