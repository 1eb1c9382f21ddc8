"""Whoever may come to the door, each signed in with a browser of his own."""

from __future__ import annotations

from django.test import Client

from dispatchers.models import User
from dispatchers.roles import Role
from tests.factories import make_user

ROLES = (Role.OBSERVER, Role.DISPATCHER, Role.MANAGER, Role.ADMINISTRATOR)
# In the order of the tables: somebody without a session, the four roles, and one who was switched off meanwhile.
PEOPLE = ("anonymous", *(role.value for role in ROLES), "deactivated")


def make_people() -> dict[str, User | None]:
    people: dict[str, User | None] = {"anonymous": None}
    people |= {role.value: make_user(role) for role in ROLES}
    return people | {"deactivated": make_user(Role.ADMINISTRATOR, is_active=False)}


def browser_of(person: User | None, **options: bool) -> Client:
    """A fresh browser in which this person has signed in; one who is switched off did so before."""
    client = Client(raise_request_exception=True, **options)
    if person:
        client.force_login(person)
    return client
