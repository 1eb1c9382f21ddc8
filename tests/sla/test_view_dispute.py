"""A link to a reckoning shows one clock as it was, to whoever has it, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from dispatchers.models import User
from incidents import services
from incidents.models import Incident, Status
from sla import dispute_links
from sla.models import DisputeLink
from tests.factories import make_email, make_incident, make_pole, make_user

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _nobody_has_guessed() -> None:
    cache.clear()


@pytest.fixture
def me() -> User:
    return make_user(first_name="Аполлинарий", last_name="Запорожский")


@pytest.fixture
def incident(me: User) -> Incident:
    opened = timezone.now() - 5 * HOUR
    pole = make_pole(contractor_phones=["+7 900 555-01-43"])
    incident = make_incident(
        type="power-msk", status="inProgress", opened_at=opened, active_at=opened, pole=pole, assignee=me,
        contractor=pole.contractor, requester_email="noc@operator.example", subject="Тайная тема",
    )  # fmt: skip
    email = make_email(subject="Секретное письмо")
    incident.letters.create(email=email, way="opened", thread=email.pk)
    return incident


@pytest.fixture
def link(me: User, incident: Incident) -> DisputeLink:
    return dispute_links.make(incident, "incident", by=me, at=timezone.now())


def address(link: DisputeLink) -> str:
    return f"/sla/dispute/{dispute_links.token(link)}/"


def test_a_stranger_sees_the_clock_and_nobody_is_named(link: DisputeLink, incident: Incident, me: User) -> None:
    page = Client().get(address(link)).content.decode()

    assert incident.code in page.replace("<i>", "").replace("</i><b>", "")
    assert 'class="ex-rows"' in page
    for secret in (me.last_name, "Тайная тема", "Секретное письмо", "noc@operator.example", "555-01-43"):
        assert secret not in page


def test_it_is_kept_out_of_indexes_caches_and_referrers(link: DisputeLink) -> None:
    answer = Client().get(address(link))

    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"


def test_what_happens_later_does_not_change_what_it_shows(link: DisputeLink, incident: Incident, me: User) -> None:
    def counted() -> str:
        page = Client().get(address(link)).content.decode()
        return page[page.index('<section class="dk-box ex-clock"') :]

    before = counted()
    closed = Status.objects.get(key="closed")
    services.change_status(incident, closed, by=me, at=timezone.now() + HOUR, reason="готово")

    assert counted() == before


def test_who_made_it_sees_that_it_was_opened(link: DisputeLink) -> None:
    Client().get(address(link))
    Client().head(address(link))

    link.refresh_from_db()
    assert link.opened == 1
    assert link.opened_at


def test_a_revoked_one_an_old_one_and_a_wrong_one_each_say_so(link: DisputeLink, me: User) -> None:
    good = address(link)
    spoilt = Client().get(good[:-3] + "xx/")
    DisputeLink.objects.update(until=timezone.now() - HOUR)
    old = Client().get(good)
    dispute_links.revoke(link, by=me, at=timezone.now())
    revoked = Client().get(good)

    assert [answer.status_code for answer in (spoilt, old, revoked)] == [404, 410, 410]
    assert len({answer.content for answer in (spoilt, old, revoked)}) == 3
    assert all(answer["X-Robots-Tag"] == "noindex, nofollow" for answer in (spoilt, old, revoked))


def test_a_signature_of_another_clock_opens_nothing(link: DisputeLink) -> None:
    token = dispute_links.token(link)
    DisputeLink.objects.update(clock="contractor")

    assert dispute_links.find(token) is None


def test_who_guesses_waits_even_with_a_good_link_and_others_do_not(link: DisputeLink) -> None:
    for number in range(10):
        Client().get(f"/sla/dispute/guess{number}/")

    assert Client().get(address(link)).status_code == 429
    assert Client(REMOTE_ADDR="10.0.0.7").get(address(link)).status_code == 200


def test_no_address_at_all_costs_more_than_a_page(link: DisputeLink) -> None:
    assert Client().get("/sla/dispute/" + "a" * 4000 + "/").status_code == 404


def test_a_link_lives_thirty_days(link: DisputeLink) -> None:
    assert dispute_links.is_good(link, link.at + timedelta(days=30) - HOUR)
    assert not dispute_links.is_good(link, link.at + timedelta(days=30))
