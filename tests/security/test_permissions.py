"""Who gets what: every address × everybody × GET and POST. An address without a line here fails the test."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.urls import reverse

from dispatchers import roles
from dispatchers.roles import Role
from tests.factories import make_incident, make_user
from tests.security.people import PEOPLE, browser_of, make_people
from tests.security.routes import all_routes, make_world

pytestmark = pytest.mark.django_db

# What each of PEOPLE is answered. `door`: sent to the sign-in page; `ok`: 200, 204 or a redirect elsewhere.
DOOR = "door door door door door door"
CLOSED = "405 405 405 405 405 405"
NOT_BY_GET = "door 405 405 405 405 door"
PAGE = "door ok ok ok ok door"
WORK = "door 403 ok ok ok door"
NEEDS_WORDS = "door 403 422 422 422 door"
# Managers and administrators.
MANAGE = "door 403 403 ok ok door"
# Administrators alone.
KEEPER = "door 403 403 403 ok door"
# Managers and administrators may look, but at nothing.
NO_TRACKER = "door 403 403 404 404 door"
KEEPER_NO_TRACKER = "door 403 403 403 404 door"
API = "ok ok ok ok ok ok"
NO_POST = NOT_BY_GET
# For programs, which know a secret instead of having a session.
HOOKS = {"tracker/hint/"}
TABLE: dict[str, tuple[str, str]] = {
    "healthz": ("any any any any any any", CLOSED),
    "readyz": ("any any any any any any", CLOSED),
    # The test client is no ASGI server; who may listen is asked in tests/incidents/test_live.py.
    "events/": ("503 503 503 503 503 503", CLOSED),
    "api/v1/incidents/": (API, CLOSED),
    "api/v1/incidents/<int:pk>/": (API, CLOSED),
    "api/schema/": (API, CLOSED),
    "api/docs/": (API, CLOSED),
    "mail/": (PAGE, NO_POST),
    "mail/accounts/": (PAGE, NO_POST),
    "mail/accounts/add/": (KEEPER, KEEPER),
    "mail/accounts/<int:pk>/": (KEEPER, KEEPER),
    "mail/accounts/<int:pk>/remove/": (NOT_BY_GET, KEEPER),
    "mail/accounts/<int:pk>/use/": (NOT_BY_GET, KEEPER),
    "mail/accounts/<int:pk>/test/": (NOT_BY_GET, KEEPER),
    "mail/accounts/<int:pk>/resume/": (NOT_BY_GET, KEEPER),
    "mail/bad-addresses/": (PAGE, NO_POST),
    "mail/bad-addresses/<int:pk>/clear/": (NOT_BY_GET, WORK),
    "mail/alarm/": (PAGE, NO_POST),
    "mail/connect/": (KEEPER, KEEPER),
    "mail/rules/": (PAGE, "door 403 403 403 422 door"),
    "mail/rules/touched/": (KEEPER, NO_POST),
    "mail/rules/<int:pk>/": (KEEPER, "door 403 403 403 422 door"),
    "mail/rules/<int:pk>/remove/": (NOT_BY_GET, KEEPER),
    "mail/test-alert/": (NOT_BY_GET, KEEPER),
    "mail/<int:pk>/": (KEEPER, KEEPER),
    "mail/<int:pk>/older/": (KEEPER, KEEPER),
    "mail/<int:pk>/remove/": (NOT_BY_GET, KEEPER),
    "mail/<int:pk>/resume/": (NOT_BY_GET, KEEPER),
    "mail/folders/<int:pk>/look/": (NOT_BY_GET, KEEPER),
    "mail/folders/<int:pk>/watch/": (NOT_BY_GET, KEEPER),
    "sla/": (WORK, NO_POST),
    "sla/by/<slug:dimension>/": (WORK, NO_POST),
    "sla/export.<str:form>": (WORK, NO_POST),
    "sla/warnings/": (PAGE, NO_POST),
    "sla/warnings/mark/": (PAGE, NO_POST),
    "sla/warnings/messages/": (PAGE, NO_POST),
    "sla/warnings/seen/": (NOT_BY_GET, PAGE),
    "sla/warnings/settings/": (WORK, WORK),
    "sla/warnings/settings/connect/": (NOT_BY_GET, WORK),
    "sla/warnings/settings/disconnect/": (NOT_BY_GET, WORK),
    "sla/warnings/settings/try/": (NOT_BY_GET, "door 403 400 400 400 door"),
    "sla/rules/": (KEEPER, NO_POST),
    "sla/rules/new/": (KEEPER, "door 403 403 403 422 door"),
    "sla/rules/preview/": (NOT_BY_GET, KEEPER),
    "sla/rules/following/": (KEEPER, NO_POST),
    "sla/rules/types/": (KEEPER, "door 403 403 403 422 door"),
    "sla/rules/clocks/new/": (KEEPER, "door 403 403 403 422 door"),
    "sla/rules/clocks/<str:key>/": (KEEPER, "door 403 403 403 422 door"),
    "sla/rules/clocks/<str:key>/remove/": (NOT_BY_GET, KEEPER),
    "sla/rules/history/": (KEEPER, NO_POST),
    "sla/rules/history/<int:number>/": (KEEPER, NO_POST),
    "sla/rules/history/<int:number>/bring-back/": (NOT_BY_GET, KEEPER),
    "sla/rules/trials/<int:pk>/": (KEEPER, NO_POST),
    "sla/rules/trials/<int:pk>/state/": (KEEPER, NO_POST),
    "sla/rules/trials/<int:pk>/save/": (NOT_BY_GET, "door 403 403 403 422 door"),
    "sla/rules/<int:number>/": (KEEPER, "door 403 403 403 422 door"),
    "sla/rules/<int:number>/remove/": (NOT_BY_GET, KEEPER),
    "sla/rules/<int:number>/earlier/": (NOT_BY_GET, KEEPER),
    "sla/weekly/": (MANAGE, NO_POST),
    "sla/weekly/letter/": (MANAGE, NO_POST),
    "sla/weekly/send/": (NOT_BY_GET, MANAGE),
    "sla/weekly/choose/": (NOT_BY_GET, MANAGE),
    "sla/calendars/": (KEEPER, NO_POST),
    "sla/calendars/new/": (KEEPER, KEEPER),
    "sla/calendars/<slug:key>/": (KEEPER, KEEPER),
    "sla/calendars/<slug:key>/remove/": (NOT_BY_GET, KEEPER),
    "towers/": (PAGE, NO_POST),
    "towers/sync/": (PAGE, NO_POST),
    "towers/sync/start/": (NOT_BY_GET, "door 403 403 403 ok door"),
    "towers/complete/": (PAGE, NO_POST),
    "towers/contractors/<int:pk>/": (PAGE, NO_POST),
    "towers/<path:code>/": (PAGE, NO_POST),
    "sla/clocks/<str:code>/": (PAGE, NO_POST),
    "sla/clocks/<str:code>/<str:clock>/": (PAGE, NO_POST),
    "sla/clocks/<str:code>/<str:clock>/link/": (NOT_BY_GET, WORK),
    "sla/clocks/<str:code>/links/<int:pk>/revoke/": (NOT_BY_GET, WORK),
    # Whoever has the address; tests/sla/test_view_dispute.py asks what it shows.
    "sla/dispute/<str:token>/": (API, CLOSED),
    # Without a tracker there is nothing; tests/tracker_bridge/test_view_doors.py asks what there is with one.
    "tracker/": (NO_TRACKER, NO_POST),
    "tracker/switch/": (NOT_BY_GET, "door 403 403 403 404 door"),
    "tracker/check/": (NOT_BY_GET, "door 403 403 403 404 door"),
    "tracker/ask/": (NOT_BY_GET, "door 403 403 403 404 door"),
    "tracker/jobs/": (NO_TRACKER, NO_POST),
    "tracker/jobs/act/": (NOT_BY_GET, "door 403 403 403 404 door"),
    "tracker/dead/": (NO_TRACKER, NO_POST),
    "tracker/conflicts/": (NO_TRACKER, NO_POST),
    "tracker/of/<str:code>/": ("door 404 404 404 404 door", NO_POST),
    "tracker/connect/": (KEEPER_NO_TRACKER, NO_POST),
    "tracker/connect/start/": (KEEPER_NO_TRACKER, NO_POST),
    "tracker/connect/back/": (KEEPER_NO_TRACKER, NO_POST),
    "tracker/connect/code/": (NOT_BY_GET, KEEPER_NO_TRACKER),
    "tracker/connect/paste/": (NOT_BY_GET, KEEPER_NO_TRACKER),
    "tracker/connect/look/": (NOT_BY_GET, KEEPER_NO_TRACKER),
    "tracker/connect/renew/": (NOT_BY_GET, KEEPER_NO_TRACKER),
    "tracker/connect/forget/": (NOT_BY_GET, KEEPER_NO_TRACKER),
    # Whoever has the secret; tests/tracker_bridge/test_view_hint.py asks what it does.
    "tracker/hint/": ("404 404 404 404 404 404", "404 404 404 404 404 404"),
    "sign-in/": ("200 ok ok ok ok 200", "200 ok ok ok ok 200"),
    "sign-out/": (NOT_BY_GET, "door door door door door door"),
    "language/": (API, API),
    "theme/": (CLOSED, "400 400 400 400 400 400"),
    "shift/": (NOT_BY_GET, "door 403 400 403 403 door"),
    "": (PAGE, NO_POST),
    "palette/": (PAGE, NO_POST),
    "map/": (PAGE, NO_POST),
    "map/points/": (PAGE, NO_POST),
    "incidents/new/": (WORK, NEEDS_WORDS),
    "incidents/new/sites/": (WORK, NO_POST),
    "incidents/new/similar/": (WORK, NO_POST),
    "incidents/bulk/": (NOT_BY_GET, WORK),
    "incidents/bulk/undo/": (NOT_BY_GET, WORK),
    "incidents/export.<str:form>": (PAGE, NO_POST),
    "incidents/<str:code>/": (PAGE, NO_POST),
    "incidents/<str:code>/preview/": (PAGE, NO_POST),
    "incidents/<str:code>/take/": (NOT_BY_GET, WORK),
    "incidents/<str:code>/assign/": (NOT_BY_GET, WORK),
    "incidents/<str:code>/status/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/send-again/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/facts/<str:fact>/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/type/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/priority/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/site/": (NOT_BY_GET, WORK),
    "incidents/<str:code>/comment/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/reply/": (WORK, NEEDS_WORDS),
    "incidents/<str:code>/canned/": (WORK, NO_POST),
    "canned/": (WORK, NEEDS_WORDS),
    # Nobody of this world has written one.
    "canned/<int:pk>/": ("door 403 404 404 404 door", "door 403 404 404 404 door"),
    "canned/<int:pk>/remove/": (NOT_BY_GET, "door 403 404 404 404 door"),
    "incidents/<str:code>/files/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/files/<int:pk>/remove/": (NOT_BY_GET, WORK),
    "incidents/<str:code>/read/": (NOT_BY_GET, WORK),
    "incidents/<str:code>/ball/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/promises/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/promises/<int:pk>/": (NOT_BY_GET, "door 403 404 404 404 door"),
    "incidents/<str:code>/reminders/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/works/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/works/<int:pk>/end/": (NOT_BY_GET, "door 403 404 404 404 door"),
    "incidents/<str:code>/tags/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/tags/<int:pk>/remove/": (NOT_BY_GET, "door 403 404 404 404 door"),
    "incidents/<str:code>/watch/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/checklist/<int:pk>/": (NOT_BY_GET, "door 403 404 404 404 door"),
    "watching/": (PAGE, NO_POST),
    "watching/mark/": (PAGE, NO_POST),
    "watching/messages/": (PAGE, NO_POST),
    "watching/seen/": (NOT_BY_GET, WORK),
    "reminders/": (PAGE, NO_POST),
    "reminders/due/": (PAGE, NO_POST),
    "reminders/<int:pk>/": (NOT_BY_GET, "door 403 404 404 404 door"),
    "letters/cases/": (PAGE, NO_POST),
    "letters/<int:pk>/reading/": (PAGE, NEEDS_WORDS),
    "incidents/<str:code>/presence/": (NOT_BY_GET, PAGE),
    "incidents/<str:code>/draft/": (NOT_BY_GET, WORK),
    "incidents/<str:code>/take-back/<int:event>/": (NOT_BY_GET, "door 403 404 404 404 door"),
    "incidents/<str:code>/move/": (WORK, "door 403 ok ok ok door"),
    "incidents/<str:code>/merge/": (WORK, NEEDS_WORDS),
    "incidents/<str:code>/split/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/targets/": (WORK, NO_POST),
    "incidents/<str:code>/similar/": (PAGE, NO_POST),
    "incidents/<str:code>/link/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/unlink/": (NOT_BY_GET, NEEDS_WORDS),
    "incidents/<str:code>/undo/<int:event>/": (NOT_BY_GET, "door 403 404 404 404 door"),
    "incidents/<str:code>/suggestions/<int:pk>/": (NOT_BY_GET, "door 403 404 404 404 door"),
    "templates/": (PAGE, NO_POST),
    "templates/new/<str:kind>/": (PAGE, "door 403 403 403 422 door"),
    "templates/preview/": (NOT_BY_GET, PAGE),
    "templates/preview/letter/": (NOT_BY_GET, PAGE),
    "templates/<int:pk>/": (PAGE, "door 403 403 403 422 door"),
    "templates/<int:pk>/history/": (PAGE, NO_POST),
    "templates/<int:pk>/take-back/": (NOT_BY_GET, KEEPER),
    "views/": (NOT_BY_GET, PAGE),
    # Nobody of this world has kept a view.
    "views/<int:pk>/": (NOT_BY_GET, "door 404 404 404 404 door"),
    "views/<int:pk>/remove/": (NOT_BY_GET, "door 404 404 404 404 door"),
    "letters/": (PAGE, NO_POST),
    "letters/balance/": (PAGE, NO_POST),
    "letters/mark/": (PAGE, NO_POST),
    "letters/problems/": (PAGE, NO_POST),
    "letters/problems/number/": (PAGE, NO_POST),
    "letters/problems/<str:kind>/<int:pk>/settle/": (NOT_BY_GET, "door 403 404 404 404 door"),
    "letters/problems/outgoing/<int:pk>/send/": (NOT_BY_GET, "door 403 404 404 404 door"),
    "letters/out/": (PAGE, NO_POST),
    "letters/out/act/": (NOT_BY_GET, MANAGE),
    "letters/out/planned/": (NOT_BY_GET, MANAGE),
    "letters/out/retry/": (NOT_BY_GET, MANAGE),
    "letters/retry/": (NOT_BY_GET, WORK),
    "letters/<int:pk>/": (PAGE, NO_POST),
    "letters/receipts/<int:pk>/": (PAGE, NO_POST),
    "letters/receipts/<int:pk>/original.eml": (PAGE, NO_POST),
    "letters/receipts/<int:pk>/retry/": (NOT_BY_GET, WORK),
    "letters/receipts/<int:pk>/open/": (NOT_BY_GET, WORK),
    "letters/receipts/<int:pk>/join/": (NOT_BY_GET, NEEDS_WORDS),
    "letters/<int:pk>/body/": (PAGE, NO_POST),
    # The letter of this world came from outside.
    "letters/<int:pk>/sending/": ("door 404 404 404 404 door", NO_POST),
    "letters/<int:pk>/take-back/": (NOT_BY_GET, "door 403 404 404 404 door"),
    "letters/planned/<int:pk>/<str:deed>/": (NOT_BY_GET, "door 403 404 404 404 door"),
    "letters/<int:pk>/original.eml": (PAGE, NO_POST),
    "letters/<int:pk>/cid/<path:content_id>": (PAGE, NO_POST),
    "notes/files/<int:pk>/": (PAGE, NO_POST),
    "notes/files/<int:pk>/picture": (PAGE, NO_POST),
    "letters/files/<int:pk>/": (PAGE, NO_POST),
    "letters/files/<int:pk>/preview/": (PAGE, NO_POST),
    "letters/files/<int:pk>/picture": (PAGE, NO_POST),
    # The file of this world is a picture, which has no pages.
    "letters/files/<int:pk>/pages/<int:number>": ("door 404 404 404 404 door", NO_POST),
}
# The administration belongs to administrators, whatever is added to it.
ADMIN, ADMIN_DOOR = "admin/", "admin/login/"
DOOR_PATH = "/sign-in/"


def answered(response: HttpResponseBase) -> str:
    target = response.headers.get("Location", "")
    if response.status_code == 302 and target.split("?")[0] == DOOR_PATH:
        return "door"
    return str(response.status_code)


def agrees(said: str, expected: str) -> bool:
    return expected == "any" or said == expected or (expected == "ok" and said in {"200", "204", "302"})


def test_everybody_gets_what_the_table_says() -> None:
    """One world for all addresses, as it was before each of them."""
    world, people = make_world(), make_people()
    wrong = []
    for route in all_routes():
        if route.startswith(ADMIN):
            continue
        assert route in TABLE, f"say in TABLE who may GET and POST {route!r}"
        address = world.address(route)
        with transaction.atomic():
            for method, line in zip(("GET", "POST"), TABLE[route], strict=True):
                for name, expected in zip(PEOPLE, line.split(), strict=True):
                    said = answered(browser_of(people[name]).generic(method, address))
                    if not agrees(said, expected):
                        wrong.append(f"{method} {address} by {name}: {said}, not {expected}")
            transaction.set_rollback(True)

    assert wrong == []


def test_the_table_names_no_address_that_is_gone() -> None:
    assert set(TABLE) <= set(all_routes())


@pytest.mark.parametrize("name", [name for name in PEOPLE if name != Role.ADMINISTRATOR])
def test_nobody_but_an_administrator_gets_anything_of_the_administration(name: str) -> None:
    world, desk = make_world(), browser_of(make_people()[name])

    for route in all_routes():
        if route.startswith(ADMIN) and route != ADMIN_DOOR:
            for method in ("GET", "POST"):
                said = desk.generic(method, world.address(route)).headers.get("Location", "no redirect")
                assert said.split("?")[0] in {f"/{ADMIN_DOOR}", "/admin/", DOOR_PATH}, f"{method} {route} by {name}"


def test_the_administration_has_no_sign_in_page_of_its_own() -> None:
    """Passwords could be guessed there, past the throttle of ours."""
    said = [answered(browser_of(person).get(f"/{ADMIN_DOOR}")) for person in make_people().values()]

    assert said == ["door", "403", "403", "403", "door", "door"]


def test_an_administrator_reads_every_list_of_the_administration() -> None:
    desk = browser_of(make_user(Role.ADMINISTRATOR))

    lists = [route for route in all_routes() if route.startswith(ADMIN) and "<" not in route]

    for route in lists:
        assert desk.get(f"/{route}").status_code in {200, 302, 403, 405}, route


def test_every_post_wants_the_token_of_its_page() -> None:
    world, person = make_world(), make_user(Role.ADMINISTRATOR)
    for route in all_routes():
        said = browser_of(person, csrf=True).post(world.address(route))
        assert said.status_code in ({404} if route in HOOKS else {403, 405}), route


def test_a_method_nobody_asked_for_changes_nothing() -> None:
    world, person = make_world(), make_user(Role.DISPATCHER)
    for route in TABLE.keys() - {"sign-in/", "language/"}:
        for method in ("PUT", "PATCH", "DELETE"):
            said = answered(browser_of(person).generic(method, world.address(route)))
            assert said in {"403", "404", "405"}, f"{method} {route}: {said}"


@pytest.mark.parametrize(
    "route", [route for route, (get, _) in TABLE.items() if route.startswith("letters/") and get == PAGE]
)
def test_letters_and_their_files_are_for_readers_of_letters_only(monkeypatch: pytest.MonkeyPatch, route: str) -> None:
    monkeypatch.setitem(roles.PERMISSIONS, Role.OBSERVER, roles.READ - {"mailbox.view_email"})

    assert browser_of(make_user(Role.OBSERVER)).get(make_world().address(route)).status_code == 403


@pytest.mark.parametrize(
    "route", ["", "incidents/<str:code>/", "incidents/<str:code>/preview/", "incidents/export.<str:form>"]
)
def test_incidents_are_for_readers_of_incidents_only(monkeypatch: pytest.MonkeyPatch, route: str) -> None:
    monkeypatch.setitem(roles.PERMISSIONS, Role.OBSERVER, roles.READ - {"incidents.view_incident"})

    assert browser_of(make_user(Role.OBSERVER)).get(make_world().address(route)).status_code == 403


@pytest.mark.parametrize("route", [route for route in TABLE if route.startswith("towers/") and "start" not in route])
def test_the_registry_is_for_its_readers_only(monkeypatch: pytest.MonkeyPatch, route: str) -> None:
    monkeypatch.setitem(roles.PERMISSIONS, Role.OBSERVER, roles.READ - {"towers.view_pole"})

    assert browser_of(make_user(Role.OBSERVER)).get(make_world().address(route)).status_code == 403


def test_somebody_with_a_role_that_is_gone_may_do_nothing() -> None:
    said = browser_of(make_user(role="trainee")).get("/")

    assert said.status_code == 403


def test_a_closed_api_answers_readers_only(settings: object) -> None:
    settings.API_OPEN = False  # type: ignore[attr-defined]
    world, people = make_world(), make_people()

    for route in (route for route in TABLE if route.startswith("api/")):
        for name, expected in zip(PEOPLE, ["403", "ok", "ok", "ok", "ok", "403"], strict=True):
            said = answered(browser_of(people[name]).get(world.address(route)))
            assert agrees(said, expected), f"{route} by {name}: {said}"


def test_the_open_api_tells_the_contract_and_nothing_of_letters_or_people() -> None:
    incident = make_incident(
        assignee=make_user(last_name="Скрытнова"), requester_email="hidden@operator.example", subject="Тайная тема"
    )
    list_of, one = reverse("api:incidents"), reverse("api:incident", args=[incident.pk])

    rows = [browser_of(None).get(list_of).getvalue(), browser_of(None).get(one).getvalue()]

    for said in rows:
        assert incident.code in said.decode()
        for secret in ("Скрытнова", "hidden@operator.example", "Тайная тема"):
            assert secret not in said.decode()
