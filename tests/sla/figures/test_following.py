"""The figures follow whatever happens, lose nothing that commits out of order, and say so when they are compared."""

from __future__ import annotations

import time
from datetime import date, timedelta
from io import StringIO
from threading import Event, Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatchers.models import User
from incidents import correcting, lifecycle, moving, services, undoing, undoing_steps
from incidents.errors import DomainError
from incidents.models import FailedReaction, Incident, IncidentEmail, IncidentEvent, IncidentType
from mailbox.models import Email
from sla.figures import asking, facts, following, rebuilding, sums
from sla.figures.chosen import Chosen
from sla.models import Fact, FactSum, Followed, IncidentClock, LetterSum
from tests.factories import NOW, make_email, make_incident, make_pole, make_user

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY = Chosen(date(2026, 8, 18), date(2026, 8, 18))


@pytest.fixture(autouse=True)
def _months_are_summed(monkeypatch):
    """However few incidents they have."""
    monkeypatch.setattr(sums, "WORTH", 1)


def arrived() -> int:
    return asking.compliance(TODAY, NOW).arrived


def said_by_check() -> str:
    out = StringIO()
    call_command("sla_figures", check=True, stdout=out)
    return out.getvalue()


def opened(me: User) -> Incident:
    return services.open_by_hand("Нет питания", by=me, at=NOW)


@pytest.mark.django_db
def test_what_happens_is_counted_at_the_next_step():
    rebuilding.rebuild(NOW)
    assert arrived() == 0

    opened(make_user())
    make_email(received_at=NOW)

    assert arrived() == 0
    assert following.follow(NOW)
    assert arrived() == 1
    assert asking.letters(TODAY)[0].came == 1


@pytest.mark.django_db
def test_nothing_is_followed_before_everything_was_counted():
    opened(make_user())

    assert not following.follow(NOW)
    assert asking.fresh_at() is None


@pytest.mark.django_db
def test_a_first_counting_that_was_cut_short_is_none(monkeypatch):
    make_incident()
    monkeypatch.setattr(facts, "refill", lambda first, last: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        rebuilding.rebuild(NOW)
    monkeypatch.undo()

    assert not following.follow(NOW)
    rebuilding.rebuild(NOW)
    assert arrived() == 1


@pytest.mark.django_db
def test_a_change_of_the_time_zone_counts_all_days_anew(settings):
    make_incident(opened_at=NOW.replace(hour=22))
    rebuilding.rebuild(NOW)
    assert Fact.objects.get().opened_on == date(2026, 8, 19)

    settings.TIME_ZONE = "UTC"

    assert following.state() is None
    rebuilding.rebuild(NOW)
    assert Fact.objects.get().opened_on == date(2026, 8, 18)


@pytest.mark.django_db
def test_a_pole_that_moves_to_another_region_takes_its_incidents_along():
    pole = make_pole(region_ru="Кировская область")
    make_incident(pole=pole)
    rebuilding.rebuild(NOW)

    pole.region_ru = "Пермский край"
    pole.save()
    following.follow(NOW)

    assert [row.key for row in asking.by("region", TODAY, NOW)] == ["Пермский край"]


@pytest.mark.django_db
def test_a_reaction_that_failed_is_waited_for():
    me = make_user()
    rebuilding.rebuild(NOW)
    incident = opened(me)
    FailedReaction.objects.create(event=incident.events.first(), path="sla.reactions.follow")
    following.follow(NOW)
    Followed.objects.update(sure_event=10**9)

    # The retry does its work, without an event, and leaves no trace.
    IncidentClock.objects.create(incident=incident, clock="contractor", state="stopped", started_at=NOW, stopped_at=NOW,
                                 due_at=NOW + HOUR, version=1, rule=2)  # fmt: skip
    FailedReaction.objects.all().delete()
    following.follow(NOW)

    assert Fact.objects.get().contractor_closed_on == TODAY.since


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_what_commits_after_a_later_number_is_not_lost():
    me, kind = make_user(), IncidentType.objects.get(key="access")
    first, second = make_incident(), make_incident()
    rebuilding.rebuild(NOW)
    chosen = Chosen(TODAY.since, TODAY.until, {"type": (str(kind.pk),)})
    recorded, may_end = Event(), Event()

    def slowly() -> None:
        with transaction.atomic():
            services.set_type(first, kind, by=me, at=NOW)
            recorded.set()
            may_end.wait(20)
        connection.close()

    slow = Thread(target=slowly)
    slow.start()
    recorded.wait(20)
    services.set_type(second, kind, by=me, at=NOW)
    for _ in range(3):
        following.follow(NOW)
    assert asking.compliance(chosen, NOW).arrived == 1
    may_end.set()
    slow.join()
    following.follow(NOW)

    assert asking.compliance(chosen, NOW).arrived == 2
    newest, deadline = IncidentEvent.objects.latest("pk").pk, time.monotonic() + 60
    # Transactions of other databases of the same server count as well: those of tests beside this one.
    while Followed.objects.get().sure_event != newest and time.monotonic() < deadline:
        following.follow(NOW)
        time.sleep(0.1)
    assert Followed.objects.get().sure_event == newest


@pytest.mark.django_db
def test_the_check_names_what_is_wrong_and_mending_makes_it_right():
    one, other = make_incident(opened_at=NOW - 60 * DAY), make_incident(opened_at=NOW - 60 * DAY)
    make_email(received_at=NOW)
    rebuilding.rebuild(NOW)
    assert said_by_check() == (
        "2 incidents, 0 differences; 0 differences in 1 summed months; 0 days with other letters\n"
    )
    Fact.objects.filter(pk=one.pk).update(type=77)
    Fact.objects.filter(pk=other.pk).delete()
    FactSum.objects.filter(shown=0).update(numbers=[5])
    LetterSum.objects.update(came=9)
    # Days of new letters are counted anew anyway; these are old.
    Followed.objects.update(sure_email=Email.objects.latest("pk").pk)

    with pytest.raises(CommandError, match="differ"):
        said_by_check()
    found = rebuilding.mend(NOW)
    rebuilding.sum_months(NOW)

    assert (sorted(found.facts), found.days) == ([one.pk, other.pk], 1)
    assert found.cells
    assert not rebuilding.check(NOW)


@pytest.mark.django_db
def test_a_month_that_was_changed_is_counted_without_its_sums_until_they_are_made():
    me, incident = make_user(), make_incident(opened_at=NOW - 60 * DAY)
    rebuilding.rebuild(NOW)
    june = Chosen(date(2026, 6, 1), date(2026, 6, 30))
    assert sums.summed(june.since, june.until) == [june.since]

    services.set_type(incident, IncidentType.objects.get(key="access"), by=me, at=NOW)
    following.follow(NOW)

    key = str(IncidentType.objects.get(key="access").pk)
    assert not sums.summed(june.since, june.until)
    assert [row.key for row in asking.by("type", june, NOW)] == [key]
    assert rebuilding.sum_months(NOW) == 1
    assert [row.key for row in asking.by("type", june, NOW)] == [key]


@pytest.mark.django_db
def test_rebuilding_takes_away_what_is_of_too_much():
    incident = make_incident()
    rebuilding.rebuild(NOW)
    into = make_incident()
    Incident.objects.filter(pk=incident.pk).update(merged_into=into)

    rebuilding.rebuild(NOW)

    assert list(Fact.objects.values_list("pk", flat=True)) == [into.pk]


# --- Whatever happens -------------------------------------------------------------------------

DEED = st.tuples(
    st.sampled_from(
        ["open", "phone", "letter", "answer", "step", "step", "step", "type", "assign", "site", "operator", "merge",
         "split", "take back", "undo", "follow"]
    ),
    st.integers(0, 50),
    st.integers(1, 3000),
)  # fmt: skip


@pytest.mark.django_db
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEED, min_size=4, max_size=20))
def test_after_any_deeds_following_has_counted_what_counting_anew_would(deeds, monkeypatch):
    # As if every other transaction had ended, so that nothing is looked at longer than it has to be.
    monkeypatch.setattr(following, "_snapshot", lambda: (10**15, 1))
    monkeypatch.setattr(following, "_MARGIN", 0)
    with transaction.atomic():
        me, poles = make_user(), [make_pole(), make_pole(region_ru="Пермский край")]
        make_incident(opened_at=NOW - 40 * DAY, type="power-msk", pole=poles[0])
        rebuilding.rebuild(NOW)
        at = NOW
        for name, number, minutes in deeds:
            at += timedelta(minutes=minutes)
            try:
                _do(name, number, poles[number % 2], me, at)
            except DomainError:
                continue
        for _ in range(3):
            following.follow(at)
        first, last = (Fact.objects.order_by(order).values_list("pk", flat=True).first() for order in ("pk", "-pk"))
        assert facts.differences(min(first, 1), last + 1000) == []
        assert not rebuilding.check(at)
        transaction.set_rollback(True)


def _do(name: str, number: int, pole: object, me: User, at: object) -> None:
    incidents = list(Incident.objects.order_by("pk"))
    incident, other = incidents[number % len(incidents)], incidents[(number + 1) % len(incidents)]
    if name == "follow":
        following.follow(at)
    elif name in ("open", "phone"):
        services.open_by_hand("Нет питания", by=me, at=at)
    elif name in ("letter", "answer"):
        _letter(incident, "out" if name == "answer" else "in", at)
    elif name == "step":
        steps = lifecycle.next_steps(incident)
        if steps:
            services.change_status(incident, steps[number % len(steps)].to_status, by=me, at=at, reason="так надо")
    elif name == "type":
        kinds = list(IncidentType.objects.all())
        services.set_type(incident, kinds[number % len(kinds)], by=me, at=at)
    elif name == "assign":
        services.assign(incident, to=me if number % 3 else None, by=me, at=at)
    elif name == "site":
        services.link_asset(incident, pole=pole, station=None, by=me, at=at)
    elif name == "operator":
        correcting.correct_operator(incident, None, by=me, at=at)
    elif name == "merge":
        moving.merge(incident, other, by=me, at=at)
    elif name == "split":
        letters = list(Email.objects.filter(place__incident=incident))[:1]
        moving.move_letters(letters, None if number % 2 else other, out_of=incident, by=me, at=at)
    elif name == "take back":
        deed = IncidentEvent.objects.filter(kind__in=moving.DEEDS).order_by("-id").first()
        if deed:
            undoing.undo(deed, by=me, at=at)
    elif last := incident.events.filter(kind__in=undoing_steps.STEPS).order_by("-id").first():
        undoing_steps.undo(last, by=me, at=at)


def _letter(incident: Incident, direction: str, at: object) -> None:
    email = make_email(direction=direction, received_at=at)
    services.attach_email(incident, email, way=IncidentEmail.Way.THREAD, at=at)
