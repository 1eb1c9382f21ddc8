"""Moving, splitting off, merging letters and taking it back: nothing is lost, everything is counted right."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatchers.models import User
from incidents import lifecycle, moving, services, undoing
from incidents.errors import DomainError
from incidents.models import Comment, Incident, IncidentEmail, IncidentEvent, IncidentType, Status, Suggestion
from mailbox.models import Email, Receipt
from tests.factories import NOW, make_email, make_incident, make_pole, make_user

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=2)
Way = IncidentEmail.Way


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


@pytest.fixture
def me(db: None) -> User:
    return make_user(last_name="Крылова", first_name="Анна")


def make_letter(minutes: int = 0, state: str = "joined", **over: Any) -> Email:
    """A letter of the ledger, so many minutes after the day's first one."""
    email = make_email(**{"received_at": NOW + timedelta(minutes=minutes), **over})
    facts = {"direction": email.direction, "size": email.size, "received_at": email.received_at}
    Receipt.objects.create(sha256=email.sha256, state=state, email=email, **facts)
    return email


def make_talk(letters: int = 1, first: int = 0, **over: Any) -> Incident:
    """An incident as so many letters of one thread make it, ten minutes apart."""
    incident = make_incident(**{"opened_at": NOW + timedelta(minutes=first), **over})
    thread = None
    for number in range(letters):
        email = make_letter(first + 10 * number, "joined" if number else "opened")
        thread = thread or email.pk
        way = Way.THREAD if number else Way.OPENED
        IncidentEmail.objects.create(incident=incident, email=email, way=way, thread=thread)
    Incident.objects.filter(pk=incident.pk).update(letter_count=letters)
    incident.refresh_from_db()
    return incident


def letters_of(incident: Incident) -> list[Email]:
    return list(Email.objects.filter(place__incident=incident).order_by("received_at", "pk"))


def world() -> dict[int, dict[str, Any]]:
    """Everything a deed may change, without the versions and moments that only grow."""
    facts = ("status", "closed_at", "merged_into", "opened_at", "due_at", "letter_count", "has_news", "power_back_at")
    found = {row["pk"]: row for row in Incident.objects.values("pk", "letters_since_closing", *facts)}
    for row in found.values():
        places = IncidentEmail.objects.filter(incident=row["pk"]).order_by("email")
        row["places"] = list(places.values_list("email", "way", "thread", "is_newcomer"))
        row["comments"] = list(Comment.objects.filter(incident=row["pk"]).order_by("pk").values_list("pk", flat=True))
        row["proposed"] = list(
            Suggestion.objects.filter(incident=row["pk"]).order_by("pk").values_list("pk", "state", "other")
        )
    return found


def is_whole() -> None:
    """The promises that hold after whatever people did."""
    for incident in Incident.objects.all():
        places = list(incident.letters.select_related("email"))
        incoming = [place.email for place in places if place.email.direction == "in"]
        assert incident.letter_count == len(places)
        openers = [place for place in places if place.way == Way.OPENED]
        if incident.merged_into_id:
            assert not places
            assert not incident.comments.exists()
            assert not incident.is_open
            assert incident.final.merged_into_id is None
        elif incident.registration == "mail" and incoming:
            assert incident.opened_at == min(email.received_at for email in incoming)
            assert len(openers) == 1
        if not incident.is_open:
            late = [email for email in incoming if email.kind == "human" and email.received_at > incident.closed_at]
            assert incident.letters_since_closing == len(late)
        assert not incident.has_news or incoming
        assert incident.due_at is None or incident.due_at >= incident.opened_at
    opened = set(IncidentEmail.objects.filter(way=Way.OPENED).values_list("email", flat=True))
    assert set(Receipt.objects.filter(state="opened").values_list("email", flat=True)) == opened


def kinds(incident: Incident) -> list[str]:
    return list(incident.events.order_by("pk").values_list("kind", flat=True))


def test_a_moved_letter_is_in_the_other_incident_and_both_timelines_say_so(me):
    source, target = make_talk(3), make_talk(1, first=5)
    letter = letters_of(source)[1]

    event = moving.move_letters([letter], target, out_of=source, by=me, at=LATER)

    assert letter in letters_of(target)
    is_whole()
    assert kinds(source) == ["letters_moved_out"]
    assert kinds(target) == ["letters_moved_in"]
    assert target.events.get().data == {"of": event.pk, "other": source.pk, "count": 1}


def test_letters_are_news_for_whoever_works_the_other_incident_but_not_for_the_mover(me):
    source, mine, of_another = make_talk(4), make_talk(1, assignee=me), make_talk(1, assignee=make_user())

    moving.move_letters(letters_of(source)[2:3], mine, out_of=source, by=me, at=LATER)
    moving.move_letters(letters_of(source)[2:3], of_another, out_of=source, by=me, at=LATER)

    mine.refresh_from_db()
    of_another.refresh_from_db()
    assert (mine.has_news, of_another.has_news) == (False, True)


def test_an_incident_that_lost_its_first_letter_starts_at_the_next_one(me):
    source, target = make_talk(3, due_at=NOW + timedelta(minutes=5)), make_talk(1, first=60)
    first, second, _third = letters_of(source)

    moving.move_letters([first], target, out_of=source, by=me, at=LATER)

    for incident in (source, target):
        incident.refresh_from_db()
    assert source.opened_at == second.received_at
    assert source.due_at == NOW + timedelta(minutes=15)
    assert target.opened_at == first.received_at
    assert [second.place.way, first.receipts.get().state, second.receipts.get().state] == ["opened", "joined", "opened"]
    assert kinds(source) == ["opened_later", "letters_moved_out"]
    assert kinds(target) == ["opened_earlier", "letters_moved_in"]
    is_whole()


def test_an_incident_registered_by_hand_keeps_its_moment(me):
    source, target = make_talk(2), make_talk(0, registration="manual", opened_at=NOW + timedelta(hours=1))

    moving.move_letters(letters_of(source)[:1], target, out_of=source, by=me, at=LATER)

    target.refresh_from_db()
    assert target.opened_at == NOW + timedelta(hours=1)


def test_moving_the_only_letter_of_an_incident_merges_it(me):
    source, target = make_talk(1), make_talk(2)

    event = moving.move_letters(letters_of(source), target, out_of=source, by=me, at=LATER)

    source.refresh_from_db()
    assert event.kind == "merged"
    assert (source.merged_into, source.is_open) == (target, False)


def test_a_letter_that_another_person_moved_meanwhile_stays_where_he_put_it(me):
    source, his, mine = make_talk(3), make_talk(1), make_talk(1)
    letter = letters_of(source)[1]
    moving.move_letters([letter], his, out_of=source, by=make_user(), at=LATER)

    with pytest.raises(DomainError, match=his.code):
        moving.move_letters([letter], mine, out_of=source, by=me, at=LATER)

    assert letter in letters_of(his)


def test_a_merged_incident_is_closed_empty_and_leads_to_the_other(me):
    source, target = make_talk(3), make_talk(1)
    note = services.add_comment(source, "Звонил мастер", by=me, at=NOW)

    moving.merge(source, target, by=me, at=LATER)

    source.refresh_from_db()
    note.refresh_from_db()
    assert (source.merged_into, source.closed_at, source.status.key) == (target, LATER, "closed")
    assert (len(letters_of(source)), len(letters_of(target)), note.incident) == (0, 4, target)
    assert kinds(source)[-1] == "merged"
    assert kinds(target) == ["merged_in"]
    is_whole()


def test_merging_into_a_merged_incident_follows_it(me):
    first, second, third = make_talk(1), make_talk(1), make_talk(1)
    moving.merge(first, second, by=me, at=LATER)
    first.refresh_from_db()

    moving.merge(third, first, by=me, at=LATER)

    assert len(letters_of(second)) == 3
    is_whole()


def test_nothing_is_merged_into_itself_or_round_in_a_circle_or_twice(me):
    first, second = make_talk(1), make_talk(1)
    for pair in ((first, first), (second, first), (first, second), (second, first)):
        fresh = [Incident.objects.get(pk=each.pk) for each in pair]
        if pair == (second, first) and not fresh[0].merged_into_id:
            moving.merge(*fresh, by=me, at=LATER)
            continue
        with pytest.raises(DomainError):
            moving.merge(*fresh, by=me, at=LATER)
    is_whole()


def test_split_off_letters_open_an_incident_of_their_own(me):
    pole = make_pole("41960-P-43-1-1")
    source = make_talk(3)
    stranger = make_letter(
        50, subject="Re: старое", reply_text="На опоре 41960-P-43-1-1 открыта дверь", from_email="a@b.example"
    )
    IncidentEmail.objects.create(incident=source, email=stranger, way=Way.THREAD, thread=letters_of(source)[0].pk)
    Incident.objects.filter(pk=source.pk).update(letter_count=4)

    event = moving.move_letters([stranger], None, out_of=source, by=me, at=LATER)

    fresh = Incident.objects.get(pk=event.data["other"])
    assert letters_of(fresh) == [stranger]
    assert (fresh.pole, fresh.requester_email, fresh.opened_at) == (pole, "a@b.example", stranger.received_at)
    assert fresh.events.get(kind="opened").at == LATER
    assert (kinds(source)[-1], kinds(fresh)[-1]) == ("split_off", "split_from")
    is_whole()


def test_all_letters_or_only_our_own_are_not_split_off(me):
    source = make_talk(2)
    ours = make_letter(40, direction="out")
    IncidentEmail.objects.create(incident=source, email=ours, way=Way.THREAD, thread=ours.pk)

    for letters in (letters_of(source), [ours]):
        with pytest.raises(DomainError):
            moving.move_letters(letters, None, out_of=source, by=me, at=LATER)

    assert Incident.objects.count() == 1


def test_power_is_back_where_the_letter_is_that_says_so(me):
    source, target = make_talk(2), make_talk(1)
    back = make_letter(70, subject="Отсутствует ВЭС (Закрыто)")
    IncidentEmail.objects.create(incident=source, email=back, way=Way.POWER_BACK, thread=back.pk)
    Incident.objects.filter(pk=source.pk).update(letter_count=3, power_back_at=back.received_at)
    before = world()

    event = moving.move_letters([back], target, out_of=source, by=me, at=LATER)

    assert Incident.objects.get(pk=source.pk).power_back_at is None
    assert Incident.objects.get(pk=target.pk).power_back_at == back.received_at
    undoing.undo(event, by=me, at=LATER)
    assert world() == before


def test_late_letters_are_counted_in_a_closed_incident(me):
    closed_at = NOW + timedelta(minutes=15)
    target = make_talk(1, status="closed", closed_at=closed_at)
    source = make_talk(4)

    moving.move_letters(letters_of(source)[1:3], target, out_of=source, by=me, at=LATER)

    target.refresh_from_db()
    assert target.letters_since_closing == 1  # one came 10 minutes after the first, the other 20
    is_whole()


def test_what_the_machine_proposed_is_settled_by_doing_it_by_hand(me):
    source, target = make_talk(2), make_talk(1)
    letter = letters_of(source)[1]
    proposed = Suggestion.objects.create(kind="conflict", incident=source, other=target, email=letter)

    event = moving.move_letters([letter], target, out_of=source, by=me, at=LATER)

    proposed.refresh_from_db()
    assert (proposed.state, proposed.decided_by) == ("taken", me)
    undoing.undo(event, by=me, at=LATER)
    proposed.refresh_from_db()
    assert (proposed.state, proposed.decided_by, proposed.incident) == ("open", None, source)


def deed(name: str, source: Incident, target: Incident, me: User) -> IncidentEvent:
    if name == "merge":
        return moving.merge(source, target, by=me, at=LATER)
    letters = letters_of(source)[:2] if name == "move first" else letters_of(source)[1:]
    return moving.move_letters(letters, None if name == "split" else target, out_of=source, by=me, at=LATER)


@pytest.mark.parametrize("side", ["source", "target"])
@pytest.mark.parametrize("name", ["move first", "move rest", "split", "merge"])
def test_undoing_leaves_everything_as_it_was(me, name, side):
    source, target = make_talk(4, has_news=True), make_talk(2, first=3)
    newcomer = source.letters.order_by("pk")[1]
    newcomer.is_newcomer = True
    newcomer.save()
    services.add_comment(source, "Звонил мастер", by=me, at=NOW)
    Suggestion.objects.create(kind="bridge", incident=source, other=target, email=newcomer.email)
    Suggestion.objects.create(kind="perhaps", incident=target, other=source, email=letters_of(target)[0])
    before = world()
    event = deed(name, source, target, me)
    if side == "target":
        event = IncidentEvent.objects.get(data__of=event.pk)

    undoing.undo(event, by=me, at=LATER)

    after = world()
    made = after.keys() - before.keys()
    assert {pk: after[pk] for pk in before} == before
    assert [after[pk]["merged_into"] for pk in made] == ([source.pk] if name == "split" else [])
    assert kinds(source)[-1] == "undone"
    is_whole()


def test_nothing_is_undone_twice_or_after_a_day(me):
    source, target = make_talk(3), make_talk(1)
    event = deed("move first", source, target, me)

    with pytest.raises(DomainError):
        undoing.undo(event, by=me, at=LATER + undoing.WITHIN + timedelta(seconds=1))
    undoing.undo(event, by=me, at=LATER)
    with pytest.raises(DomainError):
        undoing.undo(event, by=me, at=LATER)

    assert kinds(source).count("undone") == 1


def test_undoing_names_where_the_letters_went_meanwhile(me):
    source, target, third = make_talk(3), make_talk(1), make_talk(1)
    event = deed("move first", source, target, me)
    moving.merge(Incident.objects.get(pk=target.pk), third, by=me, at=LATER)

    with pytest.raises(DomainError, match=third.code):
        undoing.undo(event, by=me, at=LATER)

    assert len(letters_of(third)) == 4


def test_undoing_a_merge_of_a_reopened_incident_is_refused(me):
    source, target = make_talk(1), make_talk(1)
    event = deed("merge", source, target, me)
    Incident.objects.filter(pk=source.pk).update(status=Status.objects.get(key="inProgress"), closed_at=None)

    with pytest.raises(DomainError, match="В работе"):
        undoing.undo(event, by=me, at=LATER)


def test_an_answer_that_came_since_goes_back_with_its_conversation(me):
    source, target = make_talk(2), make_talk(1)
    event = deed("merge", source, target, me)
    answer = make_letter(130)
    thread = event.data["threads"][0]
    services.attach_email(target, answer, way=Way.THREAD, at=LATER, thread=thread)

    undoing.undo(event, by=me, at=LATER)

    assert answer in letters_of(source)
    is_whole()


def test_a_letter_with_the_merged_code_goes_back_to_the_incident_it_names(me):
    source, target = make_talk(1), make_talk(1)
    event = deed("merge", source, target, me)
    named, other = make_letter(130, subject=f"Фото, {source.code}"), make_letter(131, subject=f"Фото, {target.code}")
    for letter in (named, other):
        services.attach_email(target, letter, way=Way.CODE, at=LATER)
    services.attach_email(target, answer := make_letter(132), way=Way.THREAD, at=LATER, thread=named.pk)

    undoing.undo(event, by=me, at=LATER)

    assert letters_of(source)[1:] == [named, answer]
    assert letters_of(target)[1:] == [other]
    is_whole()


def test_an_observer_may_neither_move_nor_undo(me):
    from django.core.exceptions import PermissionDenied

    source, target, observer = make_talk(3), make_talk(1), make_user("observer")
    event = deed("move first", source, target, me)

    with pytest.raises(PermissionDenied):
        moving.merge(Incident.objects.get(pk=source.pk), target, by=observer, at=LATER)
    with pytest.raises(PermissionDenied):
        undoing.undo(event, by=observer, at=LATER)


DEED = st.tuples(
    st.sampled_from(["move", "move", "split", "merge", "undo", "undo", "letter", "close"]),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(1, 3),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEED, max_size=14))
def test_after_any_deeds_every_letter_is_in_one_incident_and_every_count_is_right(me, deeds):
    with transaction.atomic():
        _work(deeds, me)
        transaction.set_rollback(True)


def _work(deeds: list[tuple[str, int, int, int]], me: User) -> None:
    talks = [make_talk(3), make_talk(2, first=7), make_talk(1, first=90), make_talk(0, registration="manual")]
    for talk in talks:
        services.add_comment(talk, "заметка", by=me, at=NOW)
    letters = Counter(IncidentEmail.objects.values_list("email", flat=True))
    for number, (name, one, other, many) in enumerate(deeds):
        before = world()
        try:
            letters.update(_do(name, one, other, many, me, LATER + timedelta(minutes=number)))
        except DomainError:
            assert world() == before
        assert Counter(IncidentEmail.objects.values_list("email", flat=True)) == letters
        assert Comment.objects.count() == len(talks)
        is_whole()


def _do(name: str, one: int, other: int, many: int, me: User, at: Any) -> list[int]:
    incidents = list(Incident.objects.order_by("pk"))
    source, target = incidents[one % len(incidents)], incidents[other % len(incidents)]
    if name == "merge":
        moving.merge(source, target, by=me, at=at)
    elif name == "undo":
        done = list(IncidentEvent.objects.filter(kind__in=undoing.KINDS).order_by("pk"))
        if done:
            undoing.undo(done[-1 - one % len(done)], by=me, at=at)
    elif name == "letter":
        email = make_letter(int((at - NOW).total_seconds() // 60))
        place = source.final.letters.first()
        services.attach_email(source.final, email, way=Way.THREAD, at=at, thread=place.thread if place else None)
        if not place and source.final.registration == "mail":
            raise AssertionError("a mail incident lost all its letters")
        return [email.pk]
    elif name == "close" and source.is_open and not source.merged_into_id:
        closed = Status.objects.get(key="closed")
        Incident.objects.filter(pk=source.pk).update(status=closed, closed_at=at, letters_since_closing=0)
    elif name in ("move", "split"):
        letters = letters_of(source)[one % 3 : one % 3 + many]
        moving.move_letters(letters, None if name == "split" else target, out_of=source, by=me, at=at)
    return []


def test_a_merged_incident_takes_no_work_any_more():
    target = make_incident()
    merged = make_incident(merged_into=target, closed_at=NOW, status="closed")
    person = make_user()
    deeds = (
        lambda: services.add_comment(merged, "слово", by=person, at=LATER),
        lambda: services.set_type(merged, IncidentType.objects.first(), by=person, at=LATER),
        lambda: services.link_asset(merged, pole=make_pole(), station=None, by=person, at=LATER),
        lambda: services.raise_error(merged, reason="нет", by=person, at=LATER),
    )
    for deed in deeds:
        with pytest.raises(DomainError, match=target.code):
            deed()
    assert lifecycle.next_steps(merged) == []
