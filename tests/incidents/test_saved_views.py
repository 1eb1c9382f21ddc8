"""Saved views: whose they are, who sees and changes them, and what of an address they keep."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import saved_views
from incidents.errors import DomainError
from incidents.models import SavedView
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def me() -> User:
    return make_user()


@pytest.fixture
def chief() -> User:
    return make_user(Role.MANAGER)


def desk_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def listed(person: User) -> list[str]:
    page = desk_of(person).get("/").text
    found = re.search(r'<div class="dk-views".*?</div>', page, re.DOTALL)
    assert found
    return re.findall(r'<span class="cut">([^<]*)</span>', found[0])


def test_a_list_is_kept_under_a_name_and_opens_from_the_desk(me: User) -> None:
    answer = desk_of(me).post("/views/", {"name": "  Мои  новые ", "query": "queue=new&who=me&after=x&evil=1"})

    assert answer.headers["Location"] == "/?who=me&queue=new"
    assert listed(me) == ["Мои новые"]
    page = desk_of(me).get("/?queue=new&who=me").text
    assert '<h1 class="cut">Мои новые<' in page
    assert page.count('aria-current="page" title="Мои новые"') == 1


def test_the_same_name_again_gets_the_new_list(me: User) -> None:
    for query in ("queue=new", "queue=mine"):
        saved_views.save(me, "Утро", query, is_shared=False)

    assert list(SavedView.objects.values_list("name", "query")) == [("Утро", "queue=mine")]


def test_only_managers_and_administrators_share(me: User, chief: User) -> None:
    saved_views.save(me, "Моё", "queue=new", is_shared=True)
    saved_views.save(chief, "Общее", "queue=new", is_shared=True)
    saved_views.save(chief, "Своё", "queue=new", is_shared=False)

    assert listed(me) == ["Общее", "Моё"]
    assert listed(chief) == ["Общее", "Своё"]


def test_a_foreign_private_view_does_not_exist_and_a_shared_one_is_not_a_dispatchers_to_change(
    me: User, chief: User
) -> None:
    own = saved_views.save(chief, "Своё", "", is_shared=False)
    shared = saved_views.save(chief, "Общее", "", is_shared=True)
    desk = desk_of(me)

    assert desk.post(f"/views/{own.pk}/", {"name": "x"}).status_code == 404
    desk.post(f"/views/{shared.pk}/", {"name": "x"})
    desk.post(f"/views/{shared.pk}/remove/")

    assert set(SavedView.objects.values_list("name", flat=True)) == {"Своё", "Общее"}


def test_the_owner_renames_and_removes(me: User) -> None:
    view = saved_views.save(me, "Утро", "queue=new", is_shared=False)
    desk = desk_of(me)

    assert desk.post(f"/views/{view.pk}/", {"name": "Вечер"}).headers["Location"] == "/?queue=new"
    assert listed(me) == ["Вечер"]
    desk.post(f"/views/{view.pk}/remove/")
    assert listed(me) == []


def test_a_manager_may_tidy_what_another_shared_and_take_it_from_everybody(me: User, chief: User) -> None:
    view = saved_views.save(make_user(Role.MANAGER), "Общее", "queue=new", is_shared=True)

    desk_of(chief).post(f"/views/{view.pk}/", {"name": "Общее", "shared": ""})

    assert listed(me) == []


def test_a_view_needs_a_name_of_its_own(me: User) -> None:
    saved_views.save(me, "Утро", "", is_shared=False)
    other = saved_views.save(me, "Вечер", "", is_shared=False)

    with pytest.raises(DomainError):
        saved_views.save(me, " \0 ", "", is_shared=False)
    with pytest.raises(DomainError):
        saved_views.change(me, other, "Утро", is_shared=False)


def test_nobody_keeps_more_than_there_is_room_for(me: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "MOST_VIEWS", 2)
    for name in ("А", "Б"):
        saved_views.save(me, name, "", is_shared=False)

    with pytest.raises(DomainError):
        saved_views.save(me, "В", "", is_shared=False)
    saved_views.save(me, "Б", "queue=new", is_shared=False)


def test_a_view_is_recognised_whatever_the_order_of_its_words(me: User) -> None:
    view = SavedView(query="status=new&status=error&who=me")

    assert saved_views.same(view, QueryDict("who=me&status=error&status=new"))
    assert not saved_views.same(view, QueryDict("who=me&status=error"))


def test_the_cost_of_the_desk_does_not_grow_with_the_views(me: User, chief: User) -> None:
    def ask() -> int:
        with CaptureQueriesContext(connection) as queries:
            desk_of(me).get("/")
        return len(queries)

    saved_views.save(chief, "Общее", "", is_shared=True)
    few = ask()
    for number in range(20):
        saved_views.save(chief, f"Общее {number}", f"q={number}", is_shared=True)
    assert ask() == few
