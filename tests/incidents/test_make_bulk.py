"""Rows made in bulk have to look like rows that work has left: what pages and the intake rely on holds for them."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F, Min, Q
from django.test import Client
from django.utils import timezone

from dispatchers.models import User
from incidents import bulk_data, codes
from incidents.models import Comment, Incident, IncidentEmail, IncidentEvent, IncidentType, StatusClass
from mailbox.models import Email, Receipt
from tests.factories import make_incident, make_user

INCIDENTS, LETTERS = 400, 2000


@pytest.fixture
def filled(db) -> Callable[[], str]:
    said = io.StringIO()
    call_command("make_bulk", incidents=INCIDENTS, letters=LETTERS, stdout=said)
    return said.getvalue


def test_it_makes_as_many_as_asked_for(filled):
    assert Incident.objects.count() == INCIDENTS
    assert abs(Email.objects.count() - LETTERS) < LETTERS * 0.15
    assert f"{INCIDENTS:,}  incidents_incident" in filled()


def test_half_of_the_last_month_is_open_and_nothing_older(filled):
    recent = Incident.objects.filter(opened_at__gt=timezone.now() - timezone.timedelta(days=30)).count()

    assert Incident.objects.filter(opened_at__lt=timezone.now() - timezone.timedelta(days=33)).open().count() == 0
    assert 0 < Incident.objects.open().count() <= recent


def test_facts_of_an_incident_agree(filled):
    wrong = Incident.objects.filter(
        Q(closed_at__isnull=False) & ~Q(status__status_class=StatusClass.END)
        | Q(closed_at=None, status__status_class=StatusClass.END)
        | Q(due_at__lt=F("opened_at"))
        | Q(active_at__lt=F("opened_at"))
        | Q(active_at__gt=timezone.now())
        | Q(pole=None, base_station__isnull=False)
    )

    assert not wrong.exists()
    assert not Incident.objects.annotate(number=Count("letters")).exclude(number=F("letter_count")).exists()


def test_every_letter_has_one_receipt_and_its_place(filled):
    fates = Receipt.objects.exclude(state__in=["copy", "quarantined"])

    assert fates.count() == Email.objects.count()
    assert fates.exclude(state="kept").count() == IncidentEmail.objects.count()
    assert not IncidentEmail.objects.exclude(incident__letter_count__gt=0).exists()
    first = IncidentEmail.objects.values("incident").annotate(first=Min("email__received_at"))
    assert not first.filter(first__lt=F("incident__opened_at")).exists()


def test_the_newest_event_of_an_incident_is_its_last(filled):
    incident = Incident.objects.closed().filter(letter_count__gt=3).first()
    moments = list(IncidentEvent.objects.filter(incident=incident).order_by("pk").values_list("at", flat=True))

    assert moments == sorted(moments)
    kinds = set(IncidentEvent.objects.filter(incident=incident).values_list("kind", flat=True))
    assert {"opened", "assigned", "closed", "letter"} <= kinds


def test_what_is_made_afterwards_takes_free_ids_and_codes(filled):
    incident = make_incident(code=codes.next_code())

    assert incident.pk == INCIDENTS + Incident.objects.order_by("pk").first().pk
    Comment.objects.create(incident=incident, text="Записано позже")


def test_the_indexes_are_there_again(db):
    def indexes() -> set[tuple[str, ...]]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT tablename, indexname FROM pg_indexes WHERE schemaname = 'public'")
            found = set(cursor.fetchall())
            cursor.execute("SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint")
            return found | set(cursor.fetchall())

    before = indexes()
    call_command("make_bulk", incidents=50, letters=200, stdout=io.StringIO())

    assert indexes() == before


def test_the_same_number_makes_the_same_rows(db):
    now = timezone.now()
    bulk_data.fill(60, 200, now=now, seed=7, say=lambda done: None)
    subjects = list(Incident.objects.order_by("pk").values_list("subject", "letter_count"))
    bulk_data.fill(60, 200, now=now, seed=7, add=True, say=lambda done: None)

    assert list(Incident.objects.order_by("pk").values_list("subject", "letter_count"))[60:] == subjects


def test_a_database_that_is_not_empty_is_left_alone(db):
    make_incident()

    with pytest.raises(CommandError, match="not empty"):
        call_command("make_bulk", incidents=10, letters=20, stdout=io.StringIO())

    assert Incident.objects.count() == 1


def test_pages_show_the_rows(filled):
    browser = Client()
    browser.force_login(make_user())
    long = Incident.objects.order_by("-letter_count").first()

    for address in ("/", "/?queue=closed", long.get_absolute_url(), "/letters/", "/towers/", "/reminders/"):
        assert browser.get(address).status_code == 200, address


def test_nobody_can_sign_in_as_the_people_it_makes(filled):
    assert not any(person.has_usable_password() for person in User.objects.all())


def test_deadlines_follow_the_type_unless_the_desk_waits(filled):
    closed = Incident.objects.closed().exclude(type=None)

    assert not closed.exclude(due_at=F("opened_at") + F("type__sla")).exists()
    assert not Incident.objects.filter(type=None, due_at__isnull=False).exists()
    assert IncidentType.objects.filter(incidents__isnull=False).distinct().count() > 3
