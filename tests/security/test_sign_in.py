"""The door: guessing is slowed down, a session is one's own, and nobody is sent elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as project
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from config.embedded import services
from dispatchers import throttle
from tests.factories import make_user
from tests.security.people import browser_of

pytestmark = pytest.mark.django_db

ELSEWHERE = (
    "https://evil.example/", "//evil.example", "///evil.example", "http:evil.example", "\\\\evil.example",
    "/\\evil.example", "javascript:alert(1)", "https://testserver@evil.example/", "https://testserver.evil.example/",
    "\thttps://evil.example", "data:text/html,x", "ftp://testserver/",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _no_failures_yet() -> None:
    cache.clear()


def try_to_sign_in(login: str, password: str = "wrong", client: Client | None = None, **more: Any) -> Any:
    return (client or Client()).post("/sign-in/", {"username": login, "password": password}, **more)


def fail(login: str, times: int = throttle.FAILURES, **more: Any) -> None:
    for _ in range(times):
        try_to_sign_in(login, **more)


def test_somebody_elsewhere_is_not_locked_out_and_case_gains_nothing() -> None:
    person = make_user()
    fail(person.username.upper())

    assert try_to_sign_in(person.username, "secret").status_code == 200
    assert try_to_sign_in(person.username, "secret", REMOTE_ADDR="192.0.2.7").status_code == 302


def test_a_claimed_address_gains_nothing_without_a_gateway(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = None
    person = make_user()
    for number in range(throttle.FAILURES):
        fail(person.username, 1, HTTP_X_FORWARDED_FOR=f"192.0.2.{number}")

    assert try_to_sign_in(person.username, "secret", HTTP_X_FORWARDED_FOR="192.0.2.99").status_code == 200


def test_the_server_of_the_trial_believes_no_claimed_address() -> None:
    """uvicorn would take X-Forwarded-For from anybody on this machine for the truth."""
    assert "--no-proxy-headers" in services.web(8000).command


def test_behind_the_gateway_only_what_it_wrote_itself_counts(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    person = make_user()
    for number in range(throttle.FAILURES):
        fail(person.username, 1, HTTP_X_FORWARDED_FOR=f"192.0.2.{number}, 198.51.100.5")

    assert (
        try_to_sign_in(person.username, "secret", HTTP_X_FORWARDED_FOR="203.0.113.1, 198.51.100.5").status_code == 200
    )
    assert try_to_sign_in(person.username, "secret", HTTP_X_FORWARDED_FOR="198.51.100.6").status_code == 302


def test_trying_many_logins_does_not_push_a_count_out() -> None:
    person = make_user()
    fail(person.username, throttle.FAILURES - 1)
    for number in range(1000):
        throttle.note_failure(f"login{number}", "127.0.0.1", timezone.now())

    fail(person.username, 1)

    assert try_to_sign_in(person.username, "secret").status_code == 200


def test_a_wrong_login_and_a_wrong_password_sound_the_same() -> None:
    """Neither says which logins exist, nor which of them were switched off."""
    known, off = make_user(), make_user(is_active=False)

    said = [
        try_to_sign_in(known.username).context["form"].non_field_errors(),
        try_to_sign_in("nobody").context["form"].non_field_errors(),
        try_to_sign_in(off.username, "secret").context["form"].non_field_errors(),
    ]

    assert said[0]
    assert list(said[0]) == list(said[1]) == list(said[2])


def test_a_session_that_somebody_planted_is_not_kept() -> None:
    person, client = make_user(), Client()
    client.get("/sign-in/")
    session = client.session
    session["planted"] = "yes"
    session.save()
    client.cookies[project.SESSION_COOKIE_NAME] = planted = session.session_key

    assert try_to_sign_in(person.username, "secret", client).status_code == 302

    assert client.session.session_key != planted
    assert browser_of(None).get("/").status_code == 302


def test_signing_out_ends_the_session_for_a_copied_cookie_too() -> None:
    client = browser_of(make_user())
    copied = client.cookies[project.SESSION_COOKIE_NAME].value

    client.post("/sign-out/")

    thief = Client()
    thief.cookies[project.SESSION_COOKIE_NAME] = copied
    assert thief.get("/").headers["Location"].startswith("/sign-in/")


def test_a_new_password_ends_every_other_session() -> None:
    person = make_user()
    client = browser_of(person)
    person.set_password("another")
    person.save()

    assert client.get("/").headers["Location"].startswith("/sign-in/")


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    client = Client()
    client.get("/sign-in/")

    try_to_sign_in(make_user().username, "secret", client)
    client.post("/theme/", {"theme": "dark"})

    session, token, theme = (
        client.cookies[name] for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "theme")
    )
    assert session["httponly"]
    assert session["secure"]
    assert token["secure"]
    assert {each["samesite"] for each in (session, token, theme)} == {"Lax"}


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nobody_is_sent_elsewhere(target: str) -> None:
    person = make_user()
    signed_in = browser_of(person)

    answers = [
        Client().post(f"/sign-in/?next={target}", {"username": person.username, "password": "secret", "next": target}),
        Client().post("/sign-in/", {"username": person.username, "password": "secret", "next": target}),
        signed_in.post("/language/", {"language": "ru", "next": target}, HTTP_REFERER=target),
        signed_in.post("/theme/", {"theme": "dark", "next": target}),
        signed_in.post("/shift/", {"on": "1", "next": target}),
        signed_in.get("/sign-in/", {"next": target}),
        Client().get("/admin/login/", {"next": target}),
        browser_of(person).post("/sign-out/", {"next": target}),
    ]

    for answer in answers:
        assert answer.status_code == 302
        assert answer["Location"].split("?")[0] in {"/", "/sign-in/"}


def test_the_page_of_the_door_repeats_no_strange_target() -> None:
    page = Client().get("/sign-in/", {"next": "https://evil.example/"}).content.decode()

    assert 'value="https://evil' not in page
    assert 'href="https://evil' not in page


@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver:80@evil.example", "a b", "[::1"]
)
def test_another_host_name_is_refused(host: str) -> None:
    said = Client().get("/sign-in/", HTTP_HOST=host)

    assert said.status_code == 400
    assert "evil" not in said.content.decode()


def test_a_claimed_host_or_scheme_changes_no_address() -> None:
    page = browser_of(make_user()).get("/api/v1/incidents/?limit=1", HTTP_X_FORWARDED_HOST="evil.example")
    door = Client().get("/", HTTP_X_FORWARDED_HOST="evil.example", HTTP_X_FORWARDED_PROTO="https")

    assert "evil" not in page.content.decode()
    assert door["Location"] == "/sign-in/?next=/"
