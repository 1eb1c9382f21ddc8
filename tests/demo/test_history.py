"""demo.history, demo.deeds: an invented month becomes incidents by the product's own means, once."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import override_settings
from django.utils import timezone

from demo import mailbox_client, operators, registry, staff, stories
from demo.deeds import Deeds
from demo.history import Correspondence
from demo.places import write_private
from demo.towerstore import TowerStore
from dispatchers.models import User
from incidents.models import Comment, Incident, IncidentEvent
from mailbox.models import Email, Receipt
from tests.demo.mail import DESK, PASSWORD, Host
from towers import lookup, sync

SMALL = registry.build(poles=300, station_rows=700)


@pytest.fixture
def desk(db: None, settings: Any, tmp_path: Any) -> None:
    with TowerStore(SMALL) as towers:
        settings.TOWERSTORE = {feed: towers.feed_url(feed) for feed in ("poles", "contractors", "stations")}
        settings.DESK_ADDRESSES = [DESK]
        sync.sync(timezone.now())
    lookup.forget()
    operators.give_domains()
    staff.employ(tmp_path)


def live(host: Host, plan: list[stories.Story]) -> None:
    account = {
        "host": "127.0.0.1", "port": host.ports.imap, "ssl": False, "login": DESK, "password": PASSWORD,
        "address": DESK, "inbox": "INBOX", "sent": "",
    }  # fmt: skip
    ports = {"imap": host.ports.imap, "imap_login": DESK, "imap_password": PASSWORD}
    with override_settings(MAIL_ACCOUNT=account), mailbox_client.opened(ports) as mailbox:
        letters, deeds = Correspondence(plan, mailbox), Deeds(plan)
        for day in letters.days():
            deeds.do(day)
        letters.finish()


def facts() -> dict[str, Any]:
    return {
        "incidents": Incident.objects.count(),
        "events": Counter(IncidentEvent.objects.values_list("kind", flat=True)),
        "letters": Email.objects.count(),
        "notes": Comment.objects.count(),
    }


def month(count: int) -> list[stories.Story]:
    return stories.month(SMALL, datetime.now(ZoneInfo("Europe/Moscow")), count=count)


@pytest.mark.usefixtures("desk")
def test_every_story_becomes_one_incident_at_its_own_time(host: Host) -> None:
    plan = month(12)
    live(host, plan)
    assert sorted(Incident.objects.values_list("opened_at", flat=True)) == [story.at for story in plan]
    assert not Receipt.objects.filter(state__in=["new", "quarantined"]).exists()
    assert not Incident.objects.filter(active_at__gt=timezone.now()).exists()
    assert Incident.objects.exclude(pole=None).count() >= 10
    assert Incident.objects.exclude(closed_at=None).exists()
    events = IncidentEvent.objects.exclude(actor=None)
    assert all(event.at < timezone.now() - timedelta(seconds=1) for event in events)


@pytest.mark.slow
@pytest.mark.usefixtures("desk")
def test_living_twice_changes_nothing(host: Host) -> None:
    plan = month(8)
    live(host, plan)
    before = facts()
    live(host, plan)
    assert facts() == before


@pytest.mark.slow
@pytest.mark.usefixtures("desk")
def test_a_life_broken_off_goes_on(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, done = month(8), []
    whole: Callable[[Deeds, datetime], None] = Deeds.do

    def breaks(self: Deeds, day: datetime) -> None:
        if len(done) == 10:
            raise KeyboardInterrupt
        done.append(day)
        whole(self, day)

    monkeypatch.setattr(Deeds, "do", breaks)
    with pytest.raises(KeyboardInterrupt):
        live(host, plan)
    monkeypatch.setattr(Deeds, "do", whole)
    live(host, plan)
    assert Incident.objects.count() == 8
    steps = Counter(IncidentEvent.objects.filter(kind="status_changed").values_list("incident", "data__to"))
    planned = sum(deed.what == "note" for story in plan for deed in story.deeds)
    assert max(steps.values()) == 1
    assert Comment.objects.count() == planned


# --- people


@pytest.mark.django_db
def test_every_role_has_a_login_that_opens(tmp_path: Any) -> None:
    staff.employ(tmp_path)
    lines = (tmp_path / "demo-logins.txt").read_text().splitlines()
    assert [line.split(" / ")[0] for line in lines] == ["administrator", "manager", "dispatcher", "observer"]
    for line in lines:
        login, password = line.split(" / ")
        person = User.objects.get(username=login)
        assert person.check_password(password)
        assert person.role == login
    assert (tmp_path / "demo-logins.txt").stat().st_mode & 0o77 == 0
    assert User.objects.eligible().count() == 6


@pytest.mark.django_db
def test_employing_again_changes_no_password(tmp_path: Any) -> None:
    staff.employ(tmp_path)
    before = list(User.objects.order_by("pk").values_list("username", "password"))
    staff.employ(tmp_path)
    assert list(User.objects.order_by("pk").values_list("username", "password")) == before


@pytest.mark.django_db
def test_the_file_of_logins_decides_when_the_database_is_new(tmp_path: Any) -> None:
    write_private(tmp_path / "demo-logins.txt", "dispatcher / known-word\n")
    staff.employ(tmp_path)
    assert User.objects.get(username="dispatcher").check_password("known-word")
    assert (tmp_path / "demo-logins.txt").read_text().count(" / ") == 4
