"""What the machine was not sure of: one click does it or leaves it, and both can be taken back."""

from __future__ import annotations

from typing import Any

import pytest

from dispatchers.models import User
from incidents import moving, suggestions, undoing
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEmail, Suggestion
from tests.factories import NOW, make_email, make_incident, make_user
from tests.incidents.test_moving import LATER, is_whole, letters_of, make_letter, make_talk, world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


@pytest.fixture
def me(db: None) -> User:
    return make_user()


def propose(kind: str, incident: Incident, other: Incident | None, number: int = 0) -> Suggestion:
    return Suggestion.objects.create(kind=kind, incident=incident, other=other, email=letters_of(incident)[number])


def accept(suggestion: Suggestion, me: User) -> Any:
    return suggestions.accept(Suggestion.objects.get(pk=suggestion.pk), by=me, at=LATER)


def test_the_only_letter_of_a_new_incident_joins_and_the_incident_is_merged(me):
    there, here = make_talk(2), make_talk(1)
    suggestion = propose("perhaps", here, there)

    event = accept(suggestion, me)

    here.refresh_from_db()
    suggestion.refresh_from_db()
    assert (event.kind, here.merged_into, suggestion.state, suggestion.decided_by) == ("merged", there, "taken", me)
    is_whole()


def test_answers_to_the_letter_join_with_it_and_other_conversations_stay(me):
    there, here = make_talk(1), make_talk(3)
    stranger = make_letter(45)
    IncidentEmail.objects.create(incident=here, email=stranger, way="code", thread=stranger.pk)
    Incident.objects.filter(pk=here.pk).update(letter_count=4)

    event = accept(propose("perhaps", here, there), me)

    assert event.kind == "letters_moved_out"
    assert (letters_of(here), len(letters_of(there))) == ([stranger], 4)
    is_whole()


def test_a_letter_with_another_code_moves_there_alone(me):
    there, here = make_talk(1), make_talk(3)

    accept(propose("conflict", here, there, number=1), me)

    assert (len(letters_of(here)), len(letters_of(there))) == (2, 2)
    is_whole()


def test_a_letter_of_another_matter_opens_an_incident(me):
    here = make_talk(3)
    suggestion = propose("split", here, None, number=2)

    event = accept(suggestion, me)

    suggestion.refresh_from_db()
    assert (event.kind, suggestion.state, Incident.objects.count()) == ("split_off", "taken", 2)
    is_whole()


@pytest.mark.parametrize("side", ["older", "newer"])
def test_incidents_that_one_letter_answers_become_the_older_one(me, side):
    older, newer = make_talk(2), make_talk(2)
    here, there = (older, newer) if side == "older" else (newer, older)

    accept(propose("bridge", here, there, number=1), me)

    newer.refresh_from_db()
    assert newer.merged_into == older
    is_whole()


def test_a_merged_incident_takes_what_was_proposed_for_it_along(me):
    there, further, here = make_talk(1), make_talk(1), make_talk(1)
    suggestion = propose("perhaps", here, there)
    moving.merge(there, further, by=me, at=LATER)

    accept(suggestion, me)

    assert len(letters_of(further)) == 3
    is_whole()


def test_a_no_leaves_everything_and_can_be_taken_back(me):
    there, here = make_talk(1), make_talk(1)
    suggestion = propose("perhaps", here, there)
    before = world()

    event = suggestions.dismiss(suggestion, by=me, at=LATER)

    suggestion.refresh_from_db()
    assert (suggestion.state, suggestion.decided_by) == ("dismissed", me)
    undoing.undo(event, by=me, at=LATER)
    assert world() == before


def test_a_taken_back_yes_is_asked_again(me):
    there, here = make_talk(2), make_talk(1)
    propose("perhaps", here, there)
    before = world()

    undoing.undo(accept(Suggestion.objects.get(), me), by=me, at=LATER)

    assert world() == before
    is_whole()


@pytest.mark.parametrize("second", [suggestions.accept, suggestions.dismiss])
@pytest.mark.parametrize("first", [suggestions.accept, suggestions.dismiss])
def test_what_somebody_decided_is_not_decided_again(me, first, second):
    there, here = make_talk(1), make_talk(1)
    suggestion = propose("perhaps", here, there)
    first(suggestion, by=make_user(), at=LATER)
    before = world()

    with pytest.raises(DomainError):
        second(suggestion, by=me, at=LATER)

    assert world() == before


def test_a_letter_that_left_meanwhile_is_said_to_be_elsewhere():
    here, other, elsewhere = make_incident(), make_incident(), make_incident()
    email = make_email()
    elsewhere.letters.create(email=email, way="thread", thread=email.pk)
    row = Suggestion.objects.create(kind="perhaps", incident=here, other=other, email=email)
    with pytest.raises(DomainError, match=elsewhere.code):
        suggestions.accept(row, by=make_user(), at=NOW)
