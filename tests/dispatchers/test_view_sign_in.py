"""Signing in and out, and the wait after too many wrong passwords."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from dispatchers import throttle
from tests.factories import make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 8, 18, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


def sign_in(login: str, password: str, client: Client | None = None, **more: str):
    return (client or Client()).post("/sign-in/", {"username": login, "password": password}, **more)


def test_the_right_password_leads_to_the_page_that_was_asked_for() -> None:
    user = make_user()

    answer = Client().post("/sign-in/", {"username": user.username, "password": "secret", "next": "/?queue=mine"})

    assert answer.headers["Location"] == "/?queue=mine"


def test_it_never_leads_to_another_site() -> None:
    user = make_user()
    form = {"username": user.username, "password": "secret", "next": "https://evil.example/"}

    assert Client().post("/sign-in/", form).headers["Location"] == "/"


def test_a_wrong_password_is_said_without_naming_what_was_wrong() -> None:
    user = make_user()

    known, unknown = sign_in(user.username, "wrong"), sign_in("nobody", "wrong")

    said = [list(answer.context["form"].non_field_errors()) for answer in (known, unknown)]
    assert said[0] == said[1] != []


def test_after_ten_failures_even_the_right_password_waits() -> None:
    user = make_user()
    for _ in range(throttle.FAILURES):
        sign_in(user.username, "wrong")

    answer = sign_in(user.username.upper(), "secret")

    assert answer.status_code == 200
    assert answer.context["form"].has_error("__all__", "too_many")


def test_others_and_other_addresses_do_not_wait() -> None:
    user, other = make_user(), make_user()
    for _ in range(throttle.FAILURES):
        sign_in(user.username, "wrong")

    assert sign_in(other.username, "secret").status_code == 302
    assert sign_in(user.username, "secret", REMOTE_ADDR="10.0.0.7").status_code == 302


def test_a_stranger_cannot_choose_his_address_unless_our_gateway_says_it(settings) -> None:
    user = make_user()
    for n in range(throttle.FAILURES):
        sign_in(user.username, "wrong", HTTP_X_FORWARDED_FOR=f"10.0.0.{n}")
    assert sign_in(user.username, "secret", HTTP_X_FORWARDED_FOR="10.0.1.1").status_code == 200

    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    gateway = {"HTTP_X_FORWARDED_PROTO": "https"}
    assert sign_in(user.username, "secret", HTTP_X_FORWARDED_FOR="10.0.1.1", **gateway).status_code == 302


def test_success_forgets_the_failures() -> None:
    user = make_user()
    for _ in range(throttle.FAILURES - 1):
        sign_in(user.username, "wrong")
    sign_in(user.username, "secret")
    sign_in(user.username, "wrong")

    assert sign_in(user.username, "secret").status_code == 302


def test_the_wait_ends_after_five_minutes() -> None:
    for _ in range(throttle.FAILURES):
        throttle.note_failure("anna", "10.0.0.1", NOW)

    assert throttle.wait_left("anna", "10.0.0.1", NOW + timedelta(minutes=1)) == timedelta(minutes=4)
    assert throttle.wait_left("anna", "10.0.0.1", NOW + throttle.WAIT) == timedelta()


def test_signing_out_ends_the_session_and_needs_a_press() -> None:
    client = Client()
    client.force_login(make_user())

    assert client.get("/sign-out/").status_code == 405
    client.post("/sign-out/")
    assert client.get("/").status_code == 302
