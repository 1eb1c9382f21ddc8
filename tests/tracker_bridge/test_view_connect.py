"""The page of the connection: nothing is kept untried, nothing secret comes out, and only who asked can answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.test import Client
from django.utils import timezone

from demo.tracker import Tracker
from demo.tracker.shapes import Shapes
from dispatchers.roles import Role
from tests.factories import make_user
from tests.tracker_bridge.conftest import MEMORY
from tests.tracker_bridge.listed import make_job
from tracker_bridge import connecting, credentials, mirrors
from tracker_bridge.models import Credentials, Mirror
from tracker_bridge.oauth import Pair
from tracker_bridge.protocol import AuthNeeded

pytestmark = pytest.mark.django_db

PAGE = "/tracker/connect/"


@pytest.fixture
def server() -> Iterator[Tracker]:
    with Tracker(env={}) as running:
        yield running


@pytest.fixture
def configured(server: Tracker, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker_bridge.views.connect.wake", lambda *given: None)
    oauth = {"oauth_url": f"{server.url}/oauth", "client_id": "demo-client", "client_secret": "demo-secret"}
    queue = {"queue": server.store.queue, "organisation": "1234567", "url": server.url, "pages": server.url}
    settings.TRACKER = replace(MEMORY, backend="yandex", **oauth, **queue)


@pytest.fixture
def browser(configured: None) -> Client:
    client = Client()
    client.force_login(make_user(Role.ADMINISTRATOR))
    return client


def consent(browser: Client, server: Tracker, *, do: str = "allow", by: str = "", way: str = "") -> str:
    """Where the page of consent sends the browser when the person has decided."""
    asked = browser.get(f"{PAGE}start/", {"way": way} if way else {})["Location"]
    assert "Разрешить" in requests.get(asked, timeout=5).text
    form = {"do": do, "by": by or server.store.robot.login}
    return requests.post(asked, data=form, timeout=5, allow_redirects=False).headers["Location"]


def bring(browser: Client, address: str) -> str:
    """The page after the browser has followed the address that brings the code."""
    parts = urlsplit(address)
    assert parts.path == f"{PAGE}back/"
    return browser.get(f"{parts.path}?{parts.query}", follow=True).content.decode()


def in_force() -> str:
    kept = credentials.stored(mirrors.configured(), timezone.now())  # type: ignore[arg-type]
    return credentials.opened(kept).access if kept else ""


def test_consent_connects_and_the_page_says_whose_token_it_is(browser: Client, server: Tracker) -> None:
    assert browser.get(PAGE).status_code == 200
    page = bring(browser, consent(browser, server))
    assert in_force() == server.tokens.pairs[-1].access
    assert server.store.robot.login in page
    assert server.store.queue in page
    assert "X-Org-ID" in page
    kept = Credentials.objects.get()
    assert kept.given_by is not None
    assert kept.expires_at
    assert timedelta(days=364) < kept.expires_at - timezone.now() < timedelta(days=366)


def test_the_tab_of_what_was_not_done_has_its_number_here_too(browser: Client, server: Tracker) -> None:
    make_job("dead", backend="yandex")
    assert re.search(r'Не выполнено <span class="dk-badge[^"]*">1</span>', browser.get(PAGE).content.decode())


def test_the_page_asks_for_consent_with_a_challenge_that_only_this_session_can_answer(
    browser: Client, server: Tracker
) -> None:
    asked = parse_qs(urlsplit(browser.get(f"{PAGE}start/")["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"http://testserver{PAGE}back/"]
    verifier = browser.session[connecting.ASKED]["verifier"]
    assert verifier not in str(asked)
    # Somebody who has seen the code has nothing by it.
    stolen = {
        "grant_type": "authorization_code",
        "code": server.tokens.code(server.store.robot, asked["code_challenge"][0]),
    }
    client = {"client_id": "demo-client", "client_secret": "demo-secret"}
    assert requests.post(f"{server.url}/oauth/token", data={**stolen, **client}, timeout=5).status_code == 400


def test_a_consent_of_another_session_is_not_used(browser: Client, server: Tracker) -> None:
    brought = consent(browser, server)
    other = Client()
    other.force_login(make_user(Role.ADMINISTRATOR))
    bring(other, brought)
    assert in_force() == ""
    consent(other, server)
    bring(other, brought)
    assert in_force() == ""
    assert server.tokens.granted == 0
    # The one who asked can still use it, and once.
    bring(browser, brought)
    assert in_force()
    bring(browser, brought)
    assert server.tokens.granted == 1


def test_a_consent_that_took_too_long_is_asked_for_again(browser: Client, server: Tracker) -> None:
    brought = consent(browser, server)
    session = browser.session
    earlier = timezone.now() - connecting.CODE_LIFE - timedelta(seconds=1)
    session[connecting.ASKED] = {**session[connecting.ASKED], "at": earlier.isoformat()}
    session.save()
    bring(browser, brought)
    assert (in_force(), server.tokens.granted) == ("", 0)


def test_a_person_who_says_no_over_there_changes_nothing(browser: Client, server: Tracker) -> None:
    credentials.save(mirrors.configured(), Pair("demo-token"), now=timezone.now())  # type: ignore[arg-type]
    bring(browser, consent(browser, server, do="deny"))
    assert in_force() == "demo-token"


def test_a_shown_code_is_typed_and_may_be_mistyped(browser: Client, server: Tracker) -> None:
    shown = consent(browser, server, way="code")
    assert shown.startswith(f"{server.url}/oauth/verification_code")
    code = parse_qs(urlsplit(shown).query)["code"][0]
    assert code in requests.get(shown, timeout=5).text
    browser.post(f"{PAGE}code/", {"code": "0000000"})
    assert in_force() == ""
    browser.post(f"{PAGE}code/", {"code": f" {code} "})
    assert in_force() == server.tokens.pairs[-1].access


def test_a_pasted_pair_is_tried_kept_and_wakes_the_mirror(browser: Client, server: Tracker) -> None:
    mirror = mirrors.row(timezone.now())
    assert mirror
    mirrors.stand_still(mirror, AuthNeeded("нет"), timezone.now())
    until = timezone.localdate() + timedelta(days=100)
    given = {"access": "demo-token", "refresh": "demo-refresh", "ends_on": until.isoformat()}
    page = browser.post(f"{PAGE}paste/", given, follow=True).content.decode()
    assert in_force() == "demo-token"
    kept = Credentials.objects.get()
    assert timezone.localdate(kept.expires_at) == until
    mirror.refresh_from_db()
    assert (mirror.state, mirror.paused_until) == (Mirror.State.RUNNING, None)
    assert "demo-" not in page.replace("demo-client", "")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"access": "nobody-knows-it"}, "The token"),
        ({"access": "demo-token"}, "The organisation"),
        ({"access": "demo-token"}, "A licence to write"),
        ({"access": "of-anna"}, "The queue"),
    ],
)
def test_a_token_that_does_not_fit_changes_nothing_and_says_why(
    browser: Client,
    server: Tracker,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, str],
    named: str,
) -> None:
    credentials.save(mirrors.configured(), Pair("before"), now=timezone.now())  # type: ignore[arg-type]
    settings.LANGUAGE_CODE = "en"
    browser.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    anna = server.store.user("anna")
    if named == "The organisation":
        server.tokens.header = "X-Nobody"
    elif named == "A licence to write":
        shown = Shapes.user
        monkeypatch.setattr(Shapes, "user", lambda self, user: {**shown(self, user), "hasLicense": False})
    elif named == "The queue":
        server.tokens.pairs[0].access, server.tokens.pairs[0].user = "of-anna", anna
        settings.TRACKER = replace(settings.TRACKER, queue="NOBODYS")
    page = browser.post(f"{PAGE}paste/", given, follow=True).content.decode()
    assert in_force() == "before"
    wrong = page.partition('<li class="is-over">')[2].partition("</li>")[0]
    assert f"<b>{named}</b>" in wrong
    assert given["access"] not in page


def test_a_tracker_that_is_away_keeps_the_old_pair(browser: Client, server: Tracker) -> None:
    credentials.save(mirrors.configured(), Pair("before"), now=timezone.now())  # type: ignore[arg-type]
    server.fail(status=503, path="myself")
    browser.post(f"{PAGE}paste/", {"access": "demo-token"})
    assert in_force() == "before"


@pytest.mark.parametrize("is_cloud", [False, True])
def test_the_header_that_fits_is_found_and_the_setting_that_does_not_is_named(
    browser: Client, server: Tracker, settings: Any, is_cloud: bool
) -> None:
    server.tokens.header = "X-Org-ID" if is_cloud else "X-Cloud-Org-ID"
    settings.TRACKER = replace(settings.TRACKER, is_cloud=is_cloud)
    page = browser.post(f"{PAGE}paste/", {"access": "demo-token"}, follow=True).content.decode()
    assert in_force() == "demo-token"
    assert f"YT_ORGANIZATION_IS_CLOUD={'false' if is_cloud else 'true'}" in page


@pytest.mark.parametrize("access", ["", "two words", "ключ", "a\nb"])
def test_what_is_no_token_is_refused_before_anybody_is_asked(browser: Client, server: Tracker, access: str) -> None:
    answer = browser.post(f"{PAGE}paste/", {"access": access, "refresh": "hidden-refresh"})
    assert answer.status_code == 422
    assert "hidden-refresh" not in answer.content.decode()
    assert server.calls == []


def test_the_token_in_force_is_tried_renewed_and_forgotten(browser: Client, server: Tracker, settings: Any) -> None:
    settings.TRACKER = replace(settings.TRACKER, access="demo-token", refresh="demo-refresh")
    browser.get(PAGE)
    assert server.calls == []
    browser.post(f"{PAGE}look/")
    assert Credentials.objects.get().owner.endswith(f"({server.store.robot.login})")
    browser.post(f"{PAGE}renew/")
    assert in_force() == server.tokens.pairs[0].access != "demo-token"
    browser.post(f"{PAGE}forget/")
    assert in_force() == ""
    assert Credentials.objects.get().refresh == ""


def test_secrets_stand_in_no_page_session_or_log(
    browser: Client, server: Tracker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = bring(browser, consent(browser, server))
    pair = server.tokens.pairs[-1]
    shown += browser.post(f"{PAGE}look/", follow=True).content.decode()
    server.tokens.revoke()
    shown += browser.post(f"{PAGE}renew/", follow=True).content.decode()
    shown += browser.post(f"{PAGE}look/", follow=True).content.decode()
    assert "invalid_grant" in shown
    for secret in (pair.access, pair.refresh, "demo-secret"):
        assert secret not in shown + caplog.text + str(dict(browser.session))


def test_a_tracker_whose_key_stands_in_the_settings_has_nothing_to_connect(browser: Client, settings: Any) -> None:
    settings.TRACKER = MEMORY
    assert "connect_paste" not in browser.get(PAGE).content.decode()
    assert browser.post(f"{PAGE}paste/", {"access": "x"}).status_code == 404


def test_managers_look_at_the_mirror_but_do_not_connect_it(configured: None) -> None:
    client = Client()
    client.force_login(make_user(Role.MANAGER))
    assert client.get(PAGE).status_code == 403
    assert client.post(f"{PAGE}forget/").status_code == 403


def test_the_page_costs_few_queries(browser: Client, django_assert_max_num_queries: Any) -> None:
    credentials.save(mirrors.configured(), Pair("demo-token"), now=timezone.now(), owner="Anna (anna)")  # type: ignore[arg-type]
    browser.get(PAGE)
    with django_assert_max_num_queries(14):
        browser.get(PAGE)
