"""What people put on an incident goes along when it is merged, and comes back when that is undone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import moving, undoing
from incidents.models import (
    ChecklistItem,
    ChecklistMark,
    Incident,
    IncidentTag,
    Promise,
    Reminder,
    Tag,
    Watch,
    WorkPeriod,
)
from tests.factories import make_incident, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def me() -> User:
    return make_user(role=Role.DISPATCHER)


def put(incident: Incident, person: User, tag: str, item: ChecklistItem, kind: str = "avr") -> None:
    now = timezone.now()
    IncidentTag.objects.create(incident=incident, tag=Tag.objects.get_or_create(name=tag)[0])
    Watch.objects.create(incident=incident, person=person)
    ChecklistMark.objects.create(incident=incident, item=item, person=person)
    WorkPeriod.objects.create(incident=incident, kind=kind, started_at=now - timedelta(hours=1))
    Promise.objects.create(incident=incident, by="contractor", text="Будут", due_at=now)
    Reminder.objects.create(incident=incident, person=person, at=now)


def held(incident: Incident) -> dict[str, Any]:
    return {
        "tags": sorted(incident.tag_rows.values_list("tag__name", flat=True)),
        "watchers": sorted(incident.watches.values_list("person", flat=True)),
        "ticks": sorted(incident.checklist_marks.values_list("item__name_ru", flat=True)),
        "works": sorted(incident.work_periods.values_list("kind", flat=True)),
        "promises": incident.promises.count(),
        "reminders": incident.reminders.count(),
    }


def test_it_goes_along_and_comes_back(me: User) -> None:
    source, target = make_incident(), make_incident()
    put(source, me, "гроза", ChecklistItem.objects.create(name_ru="Акт", name_en="Act"))
    before, nothing = held(source), held(target)

    deed = moving.merge(source, target, by=me, at=timezone.now())

    assert (held(target), held(source)) == (before, nothing)

    undoing.undo(deed, by=me, at=timezone.now())

    assert (held(source), held(target)) == (before, nothing)


def test_what_both_have_stays_where_it_is_and_nothing_is_doubled_or_lost(me: User) -> None:
    item = ChecklistItem.objects.create(name_ru="Акт", name_en="Act")
    source, target, other = make_incident(), make_incident(), make_user()
    put(source, me, "гроза", item)
    put(target, me, "гроза", item)
    Watch.objects.create(incident=source, person=other)
    before = held(source), held(target)

    deed = moving.merge(source, target, by=me, at=timezone.now())

    joined = held(target)
    assert (joined["tags"], joined["ticks"], joined["works"]) == (["гроза"], ["Акт"], ["avr"])
    assert joined["watchers"] == sorted([me.pk, other.pk])
    assert joined["promises"] == 2

    undoing.undo(deed, by=me, at=timezone.now())

    assert (held(source), held(target)) == before


def test_what_was_taken_off_meanwhile_does_not_come_back(me: User) -> None:
    source, target = make_incident(), make_incident()
    put(source, me, "гроза", ChecklistItem.objects.create(name_ru="Акт", name_en="Act"))
    deed = moving.merge(source, target, by=me, at=timezone.now())
    target.tag_rows.all().delete()
    target.work_periods.update(ended_at=timezone.now())

    undoing.undo(deed, by=me, at=timezone.now())

    assert held(source)["tags"] == []
    assert source.work_periods.get().ended_at is not None
