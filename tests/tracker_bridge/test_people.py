"""Who of ours is who over there: by e-mail, else by login, and what an administrator named stays."""

from __future__ import annotations

import pytest
from django.utils import translation

from dispatchers.roles import Role
from tests.factories import make_user
from tests.tracker_bridge.conftest import Bridge
from tracker_bridge import checking, people
from tracker_bridge.models import TrackerPerson
from tracker_bridge.protocol import RemotePerson

pytestmark = pytest.mark.django_db


def there(login: str, email: str = "") -> RemotePerson:
    return RemotePerson(login, email, login.title())


def test_people_are_known_by_e_mail_and_else_by_login() -> None:
    by_email = make_user(username="ivanova", email="Anna@Tower.example")
    by_login = make_user(username="Oleg", email="")
    nobody = make_user(username="new")
    assert people.meet("memory", [there("anna.i", "anna@tower.example"), there("oleg"), there("petrov")]) == 2
    assert people.logins("memory") == {by_email.pk: "anna.i", by_login.pk: "oleg"}
    assert people.user("memory", "petrov") is None
    assert nobody.pk not in people.logins("memory")


def test_the_e_mail_counts_more_than_a_login_that_happens_to_be_the_same() -> None:
    anna = make_user(username="oleg", email="anna@tower.example")
    people.meet("memory", [there("oleg", "oleg@tower.example"), there("anna", "anna@tower.example")])
    assert people.logins("memory") == {anna.pk: "anna"}


def test_what_an_administrator_named_is_not_changed_and_given_to_nobody_else() -> None:
    anna, other = make_user(username="anna"), make_user(username="a.ivanova")
    TrackerPerson.objects.create(backend="memory", user=other, login="anna", is_fixed=True)
    people.meet("memory", [there("anna"), there("a.ivanova")])
    assert people.logins("memory") == {other.pk: "anna"}
    assert anna.pk not in people.logins("memory")


def test_whoever_was_dismissed_here_or_there_is_nobody_any_more() -> None:
    anna, oleg = make_user(username="anna"), make_user(username="oleg")
    people.meet("memory", [there("anna"), there("oleg")])
    anna.is_active = False
    anna.save()
    assert people.user("memory", "anna") is None
    # The tracker names only those who may be given issues.
    people.meet("memory", [there("anna")])
    assert people.logins("memory") == {}
    assert oleg.pk not in people.logins("memory")


def test_dispatchers_whom_the_tracker_does_not_know_are_named_by_the_check_with_what_to_do(bridge: Bridge) -> None:
    make_user(username="anna", email="")
    make_user(last_name="Крылова", first_name="Нина")
    make_user(last_name="Наблюдатель", role=Role.OBSERVER)
    make_user(last_name="Уволенный", is_active=False)
    with translation.override("en"):
        (problem,) = checking.problems(bridge.backend, bridge.now)
    assert problem.code == "people"
    assert problem.words.startswith("Not found in the tracker: Нина Крылова. ")
    assert "same e-mail" in problem.words
    assert not problem.is_fatal
