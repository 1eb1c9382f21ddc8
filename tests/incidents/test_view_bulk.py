"""The bar of the selection and the list as a file, as a browser asks for them."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import Any

import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import bulk, services
from incidents.models import Incident, IncidentType, Status
from tests.factories import make_incident, make_user

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


@pytest.fixture
def me() -> User:
    return make_user(first_name="Анна", last_name="Крылова")


@pytest.fixture
def desk(me: User) -> Client:
    client = Client()
    client.force_login(me)
    return client


def rows(*incidents: Incident) -> list[str]:
    shown = bulk.with_seen(Incident.objects.filter(pk__in=[each.pk for each in incidents]))
    seen = {each.pk: each.seen for each in shown}
    return [f"{each.code}~{seen[each.pk]}" for each in incidents]


def closed() -> Incident:
    return make_incident(status="closed", closed_at=timezone.now())


def test_all_done_leads_back_to_the_list_and_says_how_many(desk: Client, me: User) -> None:
    incidents = [make_incident(), make_incident()]
    sent = {"do": f"assign:{me.pk}", "row": rows(*incidents), "back": "/?queue=new"}

    answer = desk.post("/incidents/bulk/", sent)

    assert answer.headers["Location"] == "/?queue=new"
    assert Incident.objects.filter(assignee=me).count() == 2
    assert "2" in desk.get("/?queue=new").text.partition('id="toasts"')[2]


def test_without_scripts_a_page_names_what_was_refused(desk: Client, me: User) -> None:
    done, refused = make_incident(), closed()

    answer = desk.post("/incidents/bulk/", {"do": f"assign:{me.pk}", "row": rows(done, refused), "back": "/?queue=x"})

    assert answer.status_code == 200
    assert f"/incidents/{refused.code}/" in answer.text
    assert f"/incidents/{done.code}/" not in answer.text
    assert 'href="/?queue=x"' in answer.text


def test_on_the_desk_the_answer_says_which_are_done_and_shows_the_refusals_in_a_dialog(desk: Client, me: User) -> None:
    done, refused = make_incident(), make_incident()
    chosen = rows(done, refused)
    services.assign(refused, to=make_user(), by=make_user(last_name="Седов"), at=timezone.now())

    answer = desk.post("/incidents/bulk/", {"do": f"assign:{me.pk}", "row": chosen}, headers=HTMX).text

    assert f'data-done="{done.code}"' in answer
    assert "<dialog" in answer
    assert "Седов" in answer
    assert "<html" not in answer


@pytest.mark.parametrize(
    "sent",
    [{}, {"do": "read"}, {"do": "erase", "row": "NT-1~1"}, {"do": "status:x", "row": "NT-1~1"},
     {"do": "assign:999999", "row": "NT-1~1"},
     {"do": "link:related", "row": "NT-1~1"}, {"do": "link:related", "other": "NT-0", "row": "NT-1~1"},
     {"do": "link:blocks", "other": "NT-1", "row": "NT-1~1"}, {"do": "type:99999999999999999999", "row": "NT-1~1"}],
)  # fmt: skip
def test_a_form_that_says_nothing_sensible_is_answered_in_words(desk: Client, sent: dict[str, str]) -> None:
    answer = desk.post("/incidents/bulk/", sent, headers=HTMX)

    assert answer.status_code == 200
    assert "dk-toast is-over" in answer.text
    assert "data-done" not in answer.text


@pytest.mark.parametrize("typed", ["{code}", " {small} ", "{number}"])
def test_the_other_end_of_a_link_is_named_by_code_or_number(desk: Client, typed: str) -> None:
    one, hub = make_incident(), make_incident()
    words = {"code": hub.code, "small": hub.code.lower(), "number": hub.code.partition("-")[2]}

    desk.post("/incidents/bulk/", {"do": "link:related", "other": typed.format(**words), "row": rows(one)})

    assert hub.links_in.get().source == one


def test_more_than_somebody_can_have_looked_at_are_refused_whole(desk: Client, me: User) -> None:
    incident = make_incident()
    sent = {"do": f"assign:{me.pk}", "row": [*rows(incident), *(f"NT-{n}~0" for n in range(bulk.MOST))]}

    answer = desk.post("/incidents/bulk/", sent, headers=HTMX).text

    incident.refresh_from_db()
    assert str(bulk.MOST) in answer
    assert incident.assignee is None


@pytest.mark.parametrize("row", ["", "~", "NT-1", "NT-1~x", "NT-\0~1", "~~~"])
def test_a_row_that_is_none_is_refused_by_name(desk: Client, row: str) -> None:
    answer = desk.post("/incidents/bulk/", {"do": "read", "row": row}, headers=HTMX)

    assert answer.status_code == 200
    assert "bk-refused" in answer.text


def test_the_way_back_never_leads_to_another_site(desk: Client) -> None:
    for back in ("//evil.example/", "https://evil.example/", "javascript:alert(1)"):
        assert desk.post("/incidents/bulk/", {"back": back}).headers["Location"] == "/"


def test_who_only_observes_has_no_boxes_and_no_bar() -> None:
    make_incident()
    client = Client()
    client.force_login(make_user(Role.OBSERVER))

    page = client.get("/").text

    assert 'id="bulk"' not in page
    assert 'name="row"' not in page


def test_each_box_carries_what_the_page_knew_of_its_row(desk: Client, me: User) -> None:
    incident = make_incident()
    services.assign(incident, to=me, by=me, at=timezone.now())

    newest = incident.events.latest("pk").pk

    assert f'value="{incident.code}~{newest}"' in desk.get("/").text
    assert f'value="{incident.code}~{newest}"' in desk.get(f"/?live=rows&codes={incident.code}").text


def downloaded(desk: Client, path: str) -> tuple[StreamingHttpResponse, bytes]:
    answer = desk.get(path)
    assert isinstance(answer, StreamingHttpResponse)
    return answer, b"".join(answer)


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous")
def test_the_csv_has_the_rows_of_the_same_address(desk: Client, me: User) -> None:
    mine = [make_incident(assignee=me, subject="=1+1"), make_incident(assignee=me)]
    make_incident()

    answer, said = downloaded(desk, "/incidents/export.csv?queue=mine&sort=-opened")

    table = list(csv.reader(io.StringIO(said.decode("utf-8-sig")), delimiter=";"))
    assert {row[0] for row in table[1:]} == {each.code for each in mine}
    assert "'=1+1" in {row[1] for row in table}
    assert table[0][0] == "Код"
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous")
def test_the_workbook_has_them_too(desk: Client) -> None:
    incident = make_incident()

    _answer, said = downloaded(desk, "/incidents/export.xlsx")

    with zipfile.ZipFile(io.BytesIO(said)) as archive:
        assert incident.code in archive.read("xl/worksheets/sheet1.xml").decode()


def test_no_other_form_is_offered(desk: Client) -> None:
    assert desk.get("/incidents/export.pdf").status_code == 404


def test_a_deed_on_many_is_taken_back_for_all_by_one_button(desk, me):
    rows = [make_incident(status="inProgress") for _n in range(3)]
    other, to = make_user(), Status.objects.get(key="naGeneraciiNb")
    chosen = [f"{each.code}~0" for each in rows]

    page = desk.post(reverse("incidents:bulk"), {"do": f"status:{to.pk}", "row": chosen}, headers=HTMX).content.decode()
    assert 'data-lasts="600"' in page
    said = dict(re.findall(r'name="(codes|at)" value="([^"]*)"', page))
    services.change_status(rows[2], Status.objects.get(key="closed"), by=other, at=timezone.now())
    answer = desk.post(reverse("incidents:bulk_undo"), said, headers=HTMX).content.decode()

    for each in rows:
        each.refresh_from_db()
    assert [each.status.key for each in rows] == ["inProgress", "inProgress", "closed"]
    assert other.full_name in answer
    assert rows[2].code in answer


def test_types_and_links_of_many_are_taken_back_by_the_button_of_their_message(desk):
    incident, hub, kind = make_incident(), make_incident(), IncidentType.objects.filter(is_active=True).first()
    deeds = ({"do": f"type:{kind.pk}"}, {"do": "link:duplicate", "other": hub.code}, {"do": "priority:high"})

    for deed in deeds:
        page = desk.post(reverse("incidents:bulk"), {**deed, "row": f"{incident.code}~999999"}, headers=HTMX)
        said = dict(re.findall(r'name="(codes|at)" value="([^"]*)"', page.content.decode()))
        desk.post(reverse("incidents:bulk_undo"), said, headers=HTMX)

    incident.refresh_from_db()
    assert (incident.type, incident.priority, hub.links_in.count()) == (None, "normal", 0)
    assert incident.events.filter(kind__in=["type_set", "priority_set", "linked", "unlinked"]).count() == 6


def test_nobody_takes_back_what_somebody_else_did_to_many(client, desk, me):
    incident = make_incident()
    page = desk.post(reverse("incidents:bulk"), {"do": f"assign:{me.pk}", "row": f"{incident.code}~0"}, headers=HTMX)
    said = dict(re.findall(r'name="(codes|at)" value="([^"]*)"', page.content.decode()))
    client.force_login(make_user())

    client.post(reverse("incidents:bulk_undo"), said, headers=HTMX)

    incident.refresh_from_db()
    assert incident.assignee == me
    assert client.post(reverse("incidents:bulk_undo"), {"codes": "x", "at": "never"}, headers=HTMX).status_code == 200
