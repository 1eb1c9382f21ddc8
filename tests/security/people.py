"""Whoever may come to the door, each signed in with a browser of his own."""

from __future__ import annotations

from django.test import Client
from django.test.client import ClientHandler

from dispatchers.models import User
from dispatchers.roles import Role
from tests.factories import make_user

ROLES = (Role.OBSERVER, Role.DISPATCHER, Role.MANAGER, Role.ADMINISTRATOR)
# In the order of the tables: somebody without a session, the four roles, and one who was switched off meanwhile.
PEOPLE = ("anonymous", *(role.value for role in ROLES), "deactivated")


# Shared: each handler reads all middleware anew, which takes longer than most requests.
_HANDLERS = {csrf: ClientHandler(enforce_csrf_checks=csrf) for csrf in (False, True)}


def make_people() -> dict[str, User | None]:
    people: dict[str, User | None] = {"anonymous": None}
    people |= {role.value: make_user(role) for role in ROLES}
    return people | {"deactivated": make_user(Role.ADMINISTRATOR, is_active=False)}


def browser_of(person: User | None, *, csrf: bool = False) -> Client:
    """A fresh browser in which this person has signed in; one who is switched off did so before."""
    client = Client()
    client.handler = _HANDLERS[csrf]
    if person:
        client.force_login(person)
    return client
