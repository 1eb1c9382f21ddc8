"""What a person sets for himself: shift, theme, language; and the pages of errors."""

from __future__ import annotations

import pytest
from django.template import loader
from django.test import Client, RequestFactory
from django.utils import translation

from dispatchers.models import User
from dispatchers.roles import Role
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def me() -> User:
    return make_user(on_shift=False)


@pytest.fixture
def desk(me: User) -> Client:
    client = Client()
    client.force_login(me)
    return client


def test_a_dispatcher_goes_on_shift_and_off(desk: Client, me: User) -> None:
    for on, expected in (("1", True), ("1", True), ("0", False)):
        answer = desk.post("/shift/", {"on": on, "next": "/?queue=mine"})
        me.refresh_from_db()
        assert me.on_shift is expected
        assert answer.headers["Location"] == "/?queue=mine"


def test_others_have_no_shift() -> None:
    manager = make_user(Role.MANAGER, on_shift=False)
    client = Client()
    client.force_login(manager)

    assert client.post("/shift/", {"on": "1"}).status_code == 403
    manager.refresh_from_db()
    assert not manager.on_shift


def test_a_shift_form_without_a_direction_is_refused(desk: Client) -> None:
    assert desk.post("/shift/").status_code == 400
    assert desk.get("/shift/").status_code == 405


def test_the_chosen_theme_is_printed_by_the_server(desk: Client) -> None:
    desk.post("/theme/", {"theme": "dark"})

    assert 'data-bs-theme="dark"' in desk.get("/").text


def test_a_theme_that_does_not_exist_is_refused(desk: Client) -> None:
    assert desk.post("/theme/", {"theme": "x"}).status_code == 400
    assert "theme" not in desk.cookies


def test_the_language_can_be_chosen_before_signing_in() -> None:
    client = Client()
    client.post("/language/", {"language": "en", "next": "/sign-in/"})

    assert '<html lang="en"' in client.get("/sign-in/").text


def test_forms_never_lead_to_another_site(desk: Client) -> None:
    answer = desk.post("/theme/", {"theme": "dark", "next": "https://evil.example/"})

    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("name", ["400.html", "403.html", "403_csrf.html", "404.html", "500.html"])
@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_page_of_an_error_needs_neither_a_request_nor_a_person(name: str, language: str) -> None:
    with translation.override(language):
        assert 'href="/"' in loader.render_to_string(name)
        assert 'href="/"' in loader.render_to_string(name, request=RequestFactory().get("/"))


def test_an_unknown_address_shows_the_desks_own_page(desk: Client) -> None:
    answer = desk.get("/nothing/")

    assert answer.status_code == 404
    assert "dk-door" in answer.text
