"""The services refuse on their own what the pages refuse: whoever may not work incidents changes none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import services
from incidents.errors import DomainError
from incidents.models import Incident, IncidentType, Status
from tests.factories import NOW, make_incident, make_pole, make_user

pytestmark = pytest.mark.django_db

Deed = Callable[[Incident, User], object]
DEEDS: dict[str, Deed] = {
    "take": lambda incident, by: services.take(incident, by=by, at=NOW),
    "assign": lambda incident, by: services.assign(incident, to=make_user(), by=by, at=NOW),
    "change_status": lambda incident, by: services.change_status(
        incident, Status.objects.get(key="inProgress"), by=by, at=NOW
    ),
    "raise_error": lambda incident, by: services.raise_error(incident, reason="нет шифра", by=by, at=NOW),
    "set_type": lambda incident, by: services.set_type(incident, IncidentType.objects.first(), by=by, at=NOW),
    "link_asset": lambda incident, by: services.link_asset(incident, pole=make_pole(), station=None, by=by, at=NOW),
    "add_comment": lambda incident, by: services.add_comment(incident, "слова", by=by, at=NOW),
    "open_by_hand": lambda incident, by: services.open_by_hand("тема", by=by, at=NOW),
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("role", [Role.OBSERVER, Role.DISPATCHER])
def test_who_may_not_work_incidents_changes_nothing(deed: str, role: str) -> None:
    """An observer, and a dispatcher who was switched off while he clicked."""
    incident, person = make_incident(), make_user(role, is_active=role != Role.DISPATCHER)
    before = Incident.objects.values().get(pk=incident.pk)

    with pytest.raises((PermissionDenied, DomainError)):
        DEEDS[deed](incident, person)

    assert Incident.objects.values().get() == before
    assert not incident.events.exists()
    assert not incident.comments.exists()


@pytest.mark.parametrize("role", [Role.OBSERVER, Role.DISPATCHER])
def test_an_incident_is_given_to_nobody_who_may_not_work_it(role: str) -> None:
    incident, person = make_incident(), make_user(role, is_active=role != Role.DISPATCHER)

    with pytest.raises(DomainError):
        services.assign(incident, to=person, by=make_user(), at=NOW)
