"""What one dispatcher does is on the open pages of another within a second; a loaded machine is given five."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.factories import make_incident, make_pole, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]
MOST_SECONDS = 5


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("/", "#rows > [data-code={code}] .c-who [title*=Седов]"),
        ("/incidents/{code}/", "#card-head [title*=Седов]:not(.dk-present *)"),
        ("/map/?at={pole}", "#side [data-code={code}] [title*=Седов]"),
    ],
)
def test_a_click_of_a_colleague_is_seen(open_page: OpenPage, path: str, changed: str) -> None:
    colleague = make_user(last_name="Седов", first_name="Дмитрий")
    pole = make_pole(latitude=58.6, longitude=49.7)
    incident = make_incident(pole=pole, active_at=timezone.now(), status="inProgress")
    words = {"code": incident.code, "pole": pole.pk}
    mine = open_page(make_user(), path.format(**words))
    mine.wait_for_selector("html[data-live]")
    theirs = open_page(colleague, incident.get_absolute_url())
    take = theirs.locator("[action$='/take/'] button, [hx-post$='/take/']").first
    expect(take).to_be_visible()

    clicked = time.monotonic()
    take.click()
    expect(mine.locator(changed.format(**words)).first).to_be_attached(timeout=MOST_SECONDS * 1000)

    took = time.monotonic() - clicked
    print(f"{path}: {took:.2f} s after the click")
    assert took < MOST_SECONDS, f"{path} showed the change {took:.2f} s after the click"
