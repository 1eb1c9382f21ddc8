"""Mailboxes in a real browser: the banner that comes and goes, and a password that stays in its field."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from demo.mailserver import MailServer, running
from dispatchers.roles import Role
from mailbox import sealing
from mailbox.models import Folder, Mailbox
from tests.factories import make_incident, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]
DESK = "desk@towers.example"


def make_folder(*, minutes_ago: float) -> Folder:
    now = timezone.now()
    moments = {"last_ok_at": now - timedelta(minutes=minutes_ago), "watched_since": now - timedelta(days=1)}
    mailbox = Mailbox.objects.create(address=DESK, password=sealing.seal("x"))
    return Folder.objects.create(mailbox=mailbox, name="INBOX", role="inbox", connected_at=now, **moments)


@pytest.mark.parametrize("place", ["desk", "card"])
def test_the_banner_comes_by_itself_and_goes_by_itself(open_page: OpenPage, place: str) -> None:
    folder = make_folder(minutes_ago=0)
    path = "/" if place == "desk" else make_incident().get_absolute_url()
    page = open_page(make_user(), path)
    banner = page.locator("#mail-alarm")
    expect(banner).to_have_attribute("hx-trigger", "every 30s")
    expect(banner).to_be_hidden()

    _read(folder, minutes_ago=20)
    _wait_half_a_minute(page)
    expect(banner).to_be_visible()
    expect(banner).to_contain_text(DESK)
    # Nothing of the page is pushed out of the window.
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")

    _read(folder, minutes_ago=0)
    _wait_half_a_minute(page)
    expect(banner).to_be_hidden()


def _read(folder: Folder, *, minutes_ago: float) -> None:
    Folder.objects.filter(pk=folder.pk).update(last_ok_at=timezone.now() - timedelta(minutes=minutes_ago))


def _wait_half_a_minute(page: Any) -> None:
    """Let the page do now what its clock would have it do."""
    page.evaluate("""() => {
        const banner = document.getElementById("mail-alarm");
        return htmx.ajax("GET", banner.getAttribute("hx-get"), {target: banner, swap: "outerHTML"});
    }""")


def test_a_password_stays_in_its_field_from_the_trial_to_the_saving(open_page: OpenPage, tmp_path: Path) -> None:
    with running(MailServer(tmp_path / "mail", desk=DESK, password="right one")) as ports:
        page = open_page(make_user(Role.ADMINISTRATOR), "/mail/connect/")
        typed = {"address": DESK, "host": "127.0.0.1", "port": str(ports.imap), "login": DESK, "password": "wrong"}
        for name, value in typed.items():
            page.fill(f"#id_{name}", value)
        page.select_option("#id_security", "none")

        page.click("button[name=try]")
        page.wait_for_selector(".mb-steps .is-over")
        assert page.input_value("#id_password") == "wrong"
        page.fill("#id_password", "right one")
        page.click("button[name=try]")
        page.wait_for_selector("button[name=save]")
        assert "right one" not in page.content()
        page.click("button[name=save]")
        page.wait_for_url("**/mail/")

    assert sealing.unseal(Mailbox.objects.get().password) == "right one"
    assert set(Folder.objects.values_list("role", flat=True)) == {"inbox", "sent"}
