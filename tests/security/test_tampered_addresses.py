"""Addresses that nobody's link made: whatever stands in them, the answer is a page, a refusal or nothing, never 500."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.models import Incident
from tests.factories import make_incident, make_pole, make_station, make_user
from tests.security.people import browser_of

pytestmark = pytest.mark.django_db

NASTY = (
    "", "\0", "a\0b", "%", "_", "\\", "%%%", "'", '"', "';--", "{{7*7}}", "<script>", "(", "[", "(a+)+$", "*", "^",
    "NaN", "inf", "-1", "0", "1e400", "9" * 19, "9" * 400, "٣", "²", "true", "null", "None", "\ud800",
    "\uffff", "\u202e",
    "20260818T120000.000000~1", "~1", "00010101T000000.000000~1", "99991231T235959.999999~999999999999999999", "~",
    "0001-01-01", "9999-12-31", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-13-45",
    "NT-1", "т" * 5000,
    "MDAwMS0wMS0wMVQwMDowMDowMCswMDowMHwx", "=", "==", "../../etc/passwd", "..%2f", "-opened", "-pk", "password",
    "MjAyNi0wOC0xOFQxMjowMDowMC0yMzo1OXwx",
)  # fmt: skip
FIELDS = {
    "/": (
        "queue", "status", "who", "q", "sort", "after", "before", "open", "live", "codes", "first", "region", "group",
        "closed_from", "closed_to", "merged", "site", "weekday", "hour", "took", "age", "kept", "work", "done",
        "answered",
    ),
    "/sla/": ("p", "from", "to", "by", "part", "operator", "group", "region", "type", "contractor", "who"),
    "/sla/by/region/": ("p", "from", "to", "sort", "operator", "region", "who"),
    "/towers/": ("q", "region", "gone", "after"),
    "/towers/complete/": ("q", "kind"),
    "/towers/sync/": ("seen",),
    "/api/v1/incidents/": ("last_month", "incident_date_after", "incident_date_before", "limit", "cursor", "format"),
}  # fmt: skip
values = st.one_of(st.sampled_from(NASTY), st.text(max_size=40), st.text("()[]{}*+?.\\^$|%_'\"KI0-9", max_size=20))


@pytest.fixture
def desk() -> Client:
    make_station("KI000075", make_pole("41960-P-43-1-1"))
    make_incident()
    return browser_of(make_user())


def written(query: dict[str, str]) -> str:
    return urlencode({name: value.encode("utf-8", "surrogatepass") for name, value in query.items()})


def is_answered(response: HttpResponseBase) -> None:
    assert response.status_code in {200, 204, 302, 400, 404}
    if response.streaming:
        b"".join(response.streaming_content)  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", FIELDS)
def test_every_field_takes_every_nasty_value(desk: Client, path: str) -> None:
    """All fields at once, since each is read by itself; `live` shows rows only, so it comes apart."""
    for value in NASTY:
        query = dict.fromkeys(FIELDS[path], value)
        live = query.pop("live", None)
        is_answered(desk.get(f"{path}?{written(query)}"))
        if live is not None:
            is_answered(desk.get(f"{path}?{written(query | {'live': 'rows'})}", headers={"HX-Request": "true"}))


@pytest.mark.parametrize("path", FIELDS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_query_string_is_answered(desk: Client, path: str, data: st.DataObject) -> None:
    query = data.draw(st.dictionaries(st.sampled_from(FIELDS[path]), values, max_size=5))
    is_answered(desk.get(f"{path}?{written(query)}"))


@pytest.mark.parametrize(
    "query", ["%ff%fe", "q=%ff", "&&&=", "q=a;b", "q[]=1", "a=1&" * 900, "%00=%00", "q=" + "%20" * 2000]
)
def test_a_query_string_that_is_no_query_string_is_answered(desk: Client, query: str) -> None:
    for path in FIELDS:
        is_answered(desk.get(f"{path}?{query}"))


@pytest.mark.parametrize(
    "path",
    ["/incidents/{}/", "/incidents/{}/preview/", "/towers/{}/", "/letters/{}/body/", "/letters/files/{}/",
     "/letters/1/cid/{}", "/api/v1/incidents/{}/", "/static/{}"],
)  # fmt: skip
def test_a_name_in_the_path_may_be_anything(desk: Client, path: str) -> None:
    for value in NASTY:
        if value:
            part = quote(value.encode("utf-8", "surrogatepass"), safe="")
            is_answered(desk.get(path.format(part), headers={"HX-Request": "true"}))


@pytest.mark.parametrize(
    "name", ["take", "assign", "change_status", "set_type", "link_site", "add_comment", "mark_read"]
)
def test_every_form_takes_every_nasty_value(desk: Client, name: str) -> None:
    path = reverse(f"incidents:{name}", args=[make_incident().code])
    for value in NASTY[::3]:
        for seen in ("", value):
            fields = dict.fromkeys(("to", "reason", "pole", "station", "text", "next"), value)
            body = written(fields | {"seen": seen})
            said = desk.post(path, body, "application/x-www-form-urlencoded", headers={"HX-Request": "true"})
            assert said.status_code in {200, 204, 400}, value


def test_wildcards_are_letters_like_any_other(desk: Client) -> None:
    Incident.objects.all().delete()
    make_incident(subject="Отсутствует ВЭС 100% на объекте")
    make_incident(subject="Отсутствует ВЭС 1000 раз")

    found = desk.get("/", {"q": "100%"})

    assert [row.subject for row in found.context["page"].rows] == ["Отсутствует ВЭС 100% на объекте"]
    assert desk.get("/", {"q": "_______________________________"}).context["page"].rows == []


@pytest.mark.parametrize("typed", [".*", "%", "_", "[A-Z]", "K[IO]", "4196_-P", "(KI|XX)", "KI0{0,9}"])
def test_a_pattern_is_no_pattern_in_autocomplete(desk: Client, typed: str) -> None:
    for kind in ("pole", "station"):
        assert "data-code" not in desk.get("/towers/complete/", {"kind": kind, "q": typed}).content.decode()


def test_an_order_or_place_that_is_not_ours_is_the_first_page(desk: Client) -> None:
    first = desk.get("/").context["page"].rows

    for address in (
        "?sort=assignee__password",
        "?sort=-pk",
        "?after=x",
        "?before=~",
        "?after=99991231T235959.999999~9",
    ):
        assert desk.get(f"/{address}").context["page"].rows == first
