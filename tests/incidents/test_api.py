"""The REST contract: 22 names and their types, one plain array, strict parameters, few queries."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dispatchers.roles import Role
from incidents import api
from incidents.models import Incident, IncidentType
from tests.factories import NOW, make_incident, make_pole, make_station, make_user
from towers.models import Contractor, Operator

ADDRESS = "/api/v1/incidents/"
TYPES: dict[str, Any] = {
    "id": int,
    "code": str,
    "incident_datetime": str,
    "incident_type": str,
    "is_vendor_sla_expired": bool,
    "vendor_deadline": str,
    "is_incident_finish": bool,
    "incident_finish_datetime": str,
    "last_status": str,
    "is_transfer_to_avr": bool,
    "transfer_timestamp_to_avr": str,
    "base_station": str,
    "operator_group": str,
    "operators": str,
    "pole": str,
    "region_ru": str,
    "address": str,
    "pole_latitude": float,
    "pole_longtitude": float,
    "vendor": str,
    "vendor_emails": str,
    "registration_method": str,
}
NEVER_NULL = {
    "id", "code", "incident_datetime", "is_incident_finish", "last_status", "is_transfer_to_avr", "registration_method",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh_throttle() -> None:
    caches["calls"].clear()


def get(client: Client, query: str = "", status: int = 200) -> Any:
    response = client.get(ADDRESS + query)
    body = b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined]
    assert response.status_code == status, body
    assert response.headers["Content-Type"] == "application/json"
    return json.loads(body)


def make_full_incident() -> Incident:
    pole = make_pole(
        "41960-P-43-1-1", latitude=58.87, longitude=49.4, contractor_emails=["a@avr.example", "b@avr.example"]
    )
    station = make_station("KI000075", pole, operator="Т2")
    station.operators.add(Operator.objects.create(name="МегаФон", group="megafon"))
    station.operators.add(Operator.objects.create(name="Билайн", group="vimpelcom"))
    station.operators.add(Operator.objects.create(name="Билайн Регион", group="vimpelcom"))
    return make_incident(
        type=IncidentType.objects.get(name_ru="Авария по питанию РФ"),
        pole=pole,
        base_station=station,
        contractor=pole.contractor,
        handed_over_at=NOW + timedelta(minutes=5),
        contractor_due_at=NOW + timedelta(hours=24),
        contractor_done_at=NOW + timedelta(hours=25),
        closed_at=NOW + timedelta(hours=26),
        status="closed",
    )


def test_every_field_is_there_with_its_type_when_everything_is_known(client, db):
    incident = make_full_incident()

    (row,) = get(client)

    assert list(row) == list(TYPES)
    assert {name: type(row[name]) for name in TYPES} == TYPES
    assert row == {
        "id": incident.pk,
        "code": incident.code,
        "incident_datetime": "2026-08-18T15:00:00+03:00",
        "incident_type": "Авария по питанию РФ",
        "is_vendor_sla_expired": True,
        "vendor_deadline": "2026-08-19T15:00:00+03:00",
        "is_incident_finish": True,
        "incident_finish_datetime": "2026-08-19T17:00:00+03:00",
        "last_status": "Закрыт",
        "is_transfer_to_avr": True,
        "transfer_timestamp_to_avr": "2026-08-18T15:05:00+03:00",
        "base_station": "KI000075",
        "operator_group": "megafon, tele2, vimpelcom",
        "operators": "Билайн, Билайн Регион, МегаФон, Т2",
        "pole": "41960-P-43-1-1",
        "region_ru": "Кировская область",
        "address": "д. Стулово",
        "pole_latitude": 58.87,
        "pole_longtitude": 49.4,
        "vendor": "ООО «Пример-Энерго»",
        "vendor_emails": "a@avr.example, b@avr.example",
        "registration_method": "Автоматически из почты",
    }


def test_every_field_is_there_and_null_when_nothing_is_known(client, db):
    make_incident(registration=Incident.Registration.MANUAL)

    (row,) = get(client)

    assert set(row) == set(TYPES)
    assert {name for name, value in row.items() if value is not None} == NEVER_NULL
    assert (row["is_incident_finish"], row["is_transfer_to_avr"]) == (False, False)
    assert row["registration_method"] == "Вручную через диспетчера"


def test_the_detail_says_the_same_as_the_list(client, db):
    incident = make_full_incident()

    assert client.get(f"{ADDRESS}{incident.pk}/").json() == get(client)[0]


def test_an_incident_that_is_not_there_is_404_in_json(client, db):
    for pk in (10**6, 10**30):
        response = client.get(f"{ADDRESS}{pk}/")
        assert response.status_code == 404
        assert "detail" in response.json()


@pytest.mark.parametrize(
    ("due", "done", "expired"),
    [(None, None, None), (-1, None, True), (1, None, False), (1, 2, True), (2, 1, False), (-2, -3, False)],
)
def test_the_contractor_is_late_by_his_own_clock(client, db, due, done, expired):
    def hours(number: int | None) -> datetime | None:
        return None if number is None else timezone.now() + timedelta(hours=number)

    make_incident(contractor_due_at=hours(due), contractor_done_at=hours(done), opened_at=NOW - timedelta(days=3000))

    assert get(client)[0]["is_vendor_sla_expired"] is expired


def test_a_pole_that_changed_hands_does_not_lend_its_addresses_to_the_old_contractor(client, db):
    pole = make_pole(contractor_emails=["new@avr.example"])
    make_incident(pole=pole, contractor=Contractor.objects.create(name="Прежний"))

    row = get(client)[0]

    assert (row["vendor"], row["vendor_emails"]) == ("Прежний", None)


def test_without_a_station_the_senders_operator_is_named(client, db):
    make_incident(operator=Operator.objects.create(name="МТС", group="mts"))

    assert (get(client)[0]["operators"], get(client)[0]["operator_group"]) == ("МТС", "mts")


def test_labels_are_russian_whatever_the_reader_speaks(client, db):
    make_incident()

    response = client.get(ADDRESS, headers={"Accept-Language": "en"})

    assert json.loads(b"".join(response))[0]["last_status"] == "Новый"


def test_coordinates_that_are_no_numbers_are_null(client, db):
    make_incident(pole=make_pole(latitude=float("nan"), longitude=float("inf")))

    row = get(client)[0]

    assert (row["pole_latitude"], row["pole_longtitude"]) == (None, None)


def test_an_empty_table_is_an_empty_array(client, db):
    assert get(client) == []


def test_the_array_is_newest_first_and_whole_over_several_chunks(client, db, monkeypatch):
    monkeypatch.setattr(api, "CHUNK", 3)
    # Four share a moment, so that a chunk ends between equal ones.
    moments = [NOW, *[NOW - timedelta(hours=1)] * 4, NOW - timedelta(hours=2), NOW - timedelta(hours=3)]
    for moment in moments:
        make_incident(opened_at=moment)

    for count in (7, 6, 5, 4, 3, 2, 1):
        got = [row["id"] for row in get(client)]
        assert got == list(Incident.objects.order_by("-opened_at", "-id").values_list("id", flat=True))
        assert len(got) == count
        Incident.objects.order_by("?")[0].delete()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_array_streams_under_asgi_too(monkeypatch):
    monkeypatch.setattr(api, "CHUNK", 2)
    expected = sorted((make_incident().pk for _ in range(5)), reverse=True)

    async def read() -> bytes:
        response = await AsyncClient().get(ADDRESS)
        assert response.is_async  # type: ignore[attr-defined]
        return b"".join([piece async for piece in response])  # type: ignore[attr-defined]

    # In a thread of its own: this one may have an event loop already, a browser's.
    with ThreadPoolExecutor(1) as thread:
        body = thread.submit(asyncio.run, read()).result()
    assert [row["id"] for row in json.loads(body)] == expected


def test_the_number_of_queries_does_not_grow_with_the_rows(client, db):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            get(client)
        return len(captured)

    make_full_incident()
    few = queries()
    for _ in range(30):
        make_incident(base_station=make_station(), pole=make_pole())

    assert queries() == few == 1


def test_pages_join_to_the_whole_array(client, db):
    for hours in (0, 1, 1, 1, 2):
        make_incident(opened_at=NOW - timedelta(hours=hours))

    pages, query = [], "?limit=2"
    while query:
        page = get(client, query)
        assert set(page) == {"next", "results"}
        pages.append(page["results"])
        query = page["next"] and page["next"].removeprefix(f"http://testserver{ADDRESS}")

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [row for page in pages for row in page] == get(client)


def test_a_page_keeps_the_filters_of_the_first_one(client, db):
    for day in (1, 2, 3, 4):
        make_incident(opened_at=datetime(2026, 5, day, 9, tzinfo=UTC))

    page = get(client, "?limit=2&incident_date_after=2026-05-02")
    rest = get(client, page["next"].removeprefix(f"http://testserver{ADDRESS}"))

    assert [row["incident_datetime"][:10] for row in page["results"] + rest["results"]] == [
        "2026-05-04", "2026-05-03", "2026-05-02",
    ]  # fmt: skip
    assert rest["next"] is None


def test_days_are_whole_days_of_the_desk(client, db):
    # Midnight in Moscow is 21:00 UTC of the day before.
    for moment in ("2026-05-09T20:59:59", "2026-05-09T21:00:00", "2026-05-10T20:59:59", "2026-05-10T21:00:00"):
        make_incident(opened_at=datetime.fromisoformat(moment).replace(tzinfo=UTC))

    rows = get(client, "?incident_date_after=2026-05-10&incident_date_before=2026-05-10")

    assert [row["incident_datetime"] for row in rows] == ["2026-05-10T23:59:59+03:00", "2026-05-10T00:00:00+03:00"]


@pytest.mark.parametrize("offset", ["%2B03:00", "+03:00", "", "-06:00"])
def test_a_moment_may_be_given_with_or_without_its_offset(client, db, offset):
    make_incident(opened_at=datetime(2026, 5, 10, 9, tzinfo=UTC))
    make_incident(opened_at=datetime(2026, 5, 10, 9, tzinfo=UTC) - timedelta(seconds=1))

    hour = "03" if offset == "-06:00" else "12"
    assert len(get(client, f"?incident_date_after=2026-05-10T{hour}:00:00{offset}")) == 1


def test_last_month_begins_with_the_first_day_of_the_previous_month(client, db, monkeypatch):
    # 00:30 of 1 March in Moscow: the previous month is February, though UTC is still in February itself.
    monkeypatch.setattr(api.timezone, "now", lambda: datetime(2026, 2, 28, 21, 30, tzinfo=UTC))
    make_incident(opened_at=datetime(2026, 1, 31, 20, 59, tzinfo=UTC))
    inside = make_incident(opened_at=datetime(2026, 1, 31, 21, 0, tzinfo=UTC))

    assert [row["id"] for row in get(client, "?last_month=true")] == [inside.pk]
    assert len(get(client, "?last_month=false")) == 2


@pytest.mark.parametrize(
    "query",
    [
        "page=2", "last_month=yes", "last_month=", "incident_date_after=", "incident_date_after=31.01.2026",
        "incident_date_before=2026-02-30", "limit=0", "limit=1001", "limit=-1", "limit=ten", "limit=%D9%A1",
        "limit=1&limit=2", "cursor=", "cursor=abc", "cursor=2026", "format=xml", "cursor=MjAyNi0wMS0wMXwx",
    ],
)  # fmt: skip
def test_what_is_unknown_or_malformed_is_refused_with_its_name(client, db, query):
    name = query.partition("=")[0]

    answer = get(client, f"?{query}", status=400)

    assert list(answer) == [name]
    assert answer[name][0]


@pytest.mark.parametrize("query", ["incident_date_after=0001-01-01", "incident_date_before=9999-12-31"])
def test_the_ends_of_the_calendar_are_days_like_any_other(client, db, query):
    make_incident()

    assert len(get(client, f"?{query}")) == 1


def test_the_detail_takes_no_parameters(client, db):
    assert client.get(f"{ADDRESS}{make_incident().pk}/?full=1").status_code == 400


def test_a_setting_closes_it_to_strangers(client, db, settings):
    settings.API_OPEN = False
    incident = make_incident()

    assert client.get(ADDRESS).status_code == 403
    assert client.get(f"{ADDRESS}{incident.pk}/").status_code == 403
    client.force_login(make_user(Role.OBSERVER))
    assert client.get(ADDRESS).status_code == 200


def test_nothing_can_be_written(client, db):
    for method in (client.post, client.put, client.patch, client.delete):
        assert method(ADDRESS).status_code == 405


def test_strangers_may_call_so_often_a_minute_and_the_desk_as_often_as_it_likes(client, db, settings):
    settings.API_CALLS_PER_MINUTE = 2

    assert [client.get(ADDRESS).status_code for _ in range(3)] == [200, 200, 429]
    client.force_login(make_user())
    assert [client.get(ADDRESS).status_code for _ in range(3)] == [200, 200, 200]


def test_the_schema_is_valid_and_names_all_fields(db, tmp_path):
    file = tmp_path / "schema.json"

    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", str(file))

    schema = json.loads(file.read_text())
    fields = schema["components"]["schemas"]["Incident"]
    assert list(fields["properties"]) == list(TYPES)
    assert set(fields["required"]) == set(TYPES)
    answer = schema["paths"]["/api/v1/incidents/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    if "$ref" in answer:
        answer = schema["components"]["schemas"][answer["$ref"].rpartition("/")[2]]
    assert answer["oneOf"][0]["type"] == "array"
