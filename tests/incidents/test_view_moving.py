"""Moving letters on the card: what is shown, what a click does, that a late one loses nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import moving, targets
from incidents.models import Incident, IncidentEmail, IncidentEvent, Suggestion
from tests.factories import make_incident, make_pole, make_user
from tests.incidents.test_moving import is_whole, letters_of, make_letter, make_talk

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


@pytest.fixture
def me(db: None) -> User:
    return make_user(last_name="Крылова", first_name="Анна")


@pytest.fixture
def desk(client: Client, me: User) -> Client:
    client.force_login(me)
    return client


def url(incident: Incident, name: str = "card", *more: int) -> str:
    return reverse(f"incidents:{name}", args=[incident.code, *more])


def on_card(incident: Incident) -> dict[str, str]:
    return {**HTMX, "HTTP_HX_CURRENT_URL": f"http://testserver{url(incident)}"}


def text_of(response: Any) -> str:
    return response.content.decode()


def propose(kind: str, here: Incident, there: Incident | None) -> Suggestion:
    return Suggestion.objects.create(kind=kind, incident=here, other=there, email=letters_of(here)[-1])


def test_a_letter_is_moved_by_the_code_without_scripts(desk):
    source, target = make_talk(3), make_talk(1)
    letter = letters_of(source)[1]

    page = desk.get(url(source, "move"), {"letter": letter.pk})
    answer = desk.post(url(source, "move"), {"letter": letter.pk, "to": target.code.split("-")[1]}, follow=True)

    assert letter.subject in text_of(page)
    assert letter in letters_of(target)
    assert answer.redirect_chain[-1][0] == url(source)
    assert url(source, "undo", source.events.latest("pk").pk) in text_of(answer)
    is_whole()


def test_an_answer_on_the_card_has_the_changed_card_and_a_way_back(desk):
    source, target = make_talk(3), make_talk(1)
    letter = letters_of(source)[1]

    answer = text_of(desk.post(url(source, "move"), {"letter": letter.pk, "to": target.code}, **on_card(source)))

    assert f'id="letter-{letter.pk}"' not in answer
    assert 'id="card-talk"' in answer
    assert answer.count(url(source, "undo", source.events.latest("pk").pk)) == 4  # in the toast and in the timeline


def test_undoing_on_the_card_brings_the_letter_back(desk, me):
    source, target = make_talk(3), make_talk(1)
    letter = letters_of(source)[1]
    event = moving.move_letters([letter], target, out_of=source, by=me, at=timezone.now())

    answer = text_of(desk.post(url(source, "undo", event.pk), **on_card(source)))

    assert f'id="letter-{letter.pk}"' in answer
    assert letter in letters_of(source)


def test_an_old_deed_offers_no_undo_and_refuses_one_kindly(desk, me):
    source, target = make_talk(3), make_talk(1)
    event = moving.move_letters(letters_of(source)[1:2], target, out_of=source, by=me, at=timezone.now())
    IncidentEvent.objects.update(at=timezone.now() - timedelta(hours=25))

    assert url(source, "undo", event.pk) not in text_of(desk.get(url(source)))
    assert "24" in text_of(desk.post(url(source, "undo", event.pk), **on_card(source)))
    assert len(letters_of(target)) == 2


def test_a_whole_conversation_is_moved(desk):
    source, target = make_talk(2), make_talk(1)
    other = make_letter(33)
    IncidentEmail.objects.create(incident=source, email=other, way="code", thread=other.pk)
    Incident.objects.filter(pk=source.pk).update(letter_count=3)
    thread = letters_of(source)[0].place.thread

    desk.post(url(source, "move"), {"thread": thread, "to": target.code})

    assert (letters_of(source), len(letters_of(target))) == ([other], 3)


def test_a_split_off_letter_is_linked_at_once(desk):
    source = make_talk(3)

    answer = text_of(desk.post(url(source, "split"), {"letter": letters_of(source)[2].pk}, **on_card(source)))

    fresh = Incident.objects.latest("pk")
    assert fresh.get_absolute_url() in answer
    is_whole()


def test_a_merged_incident_leads_to_the_other_one(desk):
    source, target = make_talk(1), make_talk(1)

    plain = desk.post(url(source, "merge"), {"to": target.code}, follow=True)
    page = text_of(desk.get(url(source)))

    assert plain.redirect_chain[-1][0] == url(target)
    assert url(target, "undo", IncidentEvent.objects.get(kind="merged").pk) in text_of(plain)
    assert page.count(url(target)) >= 2
    assert url(source, "undo", IncidentEvent.objects.get(kind="merged").pk) in page
    for name in ("merge", "move", "split", "change_status"):
        assert url(source, name) not in page


def test_merging_on_the_card_goes_to_the_other_card(desk):
    source, target = make_talk(1), make_talk(1)

    answer = desk.post(url(source, "merge"), {"to": target.code}, **on_card(source))

    assert answer.headers["HX-Redirect"] == url(target)
    assert url(target, "undo", IncidentEvent.objects.get(kind="merged").pk) in text_of(desk.get(url(target)))


@pytest.mark.parametrize("typed", ["", "NT-1", "само", "ВЭС", "\0"])
def test_a_target_that_is_none_or_several_is_refused_with_the_words_kept(desk, typed):
    source = make_talk(1)
    for number in range(2):
        make_incident(subject=f"Отсутствует ВЭС {number}", active_at=timezone.now())

    answer = desk.post(url(source, "merge"), {"to": typed}, **on_card(source))

    assert answer.status_code == 422
    assert f'value="{typed}"'.replace("\0", "") in text_of(answer)
    assert len(letters_of(source)) == 1


def test_a_click_on_a_page_older_than_somebodys_deed_is_refused_once(desk):
    source, target, third = make_talk(4), make_talk(1), make_talk(1)
    boris = make_user(last_name="Орлов", first_name="Борис")
    moving.move_letters(letters_of(source)[3:], third, out_of=source, by=boris, at=timezone.now())
    data = {"letter": letters_of(source)[1].pk, "to": target.code, "seen": 0}

    answer = text_of(desk.post(url(source, "move"), data, **on_card(source)))

    assert "Орлов" in answer
    assert third.code in answer
    assert len(letters_of(target)) == 1
    desk.post(url(source, "move"), data | {"seen": source.events.latest("pk").pk}, **on_card(source))
    assert len(letters_of(target)) == 2


def test_a_letter_that_has_left_is_not_moved_from_an_old_dialog(desk, me):
    source, target = make_talk(3), make_talk(1)
    letter = letters_of(source)[1]
    moving.move_letters([letter], target, out_of=source, by=me, at=timezone.now())

    answer = desk.get(url(source, "move"), {"letter": letter.pk}, **HTMX)

    assert "data-toast" in text_of(answer)
    assert desk.get(url(source, "move"), {"letter": letter.pk}).url == url(source)


KINDS = ["perhaps", "conflict", "split", "bridge"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_suggestion_is_asked_on_the_card_and_decided_there(desk, kind):
    there, here = make_talk(2, subject="Пропало питание"), make_talk(3)
    suggestion = propose(kind, here, None if kind == "split" else there)
    address = url(here, "decide", suggestion.pk)

    page = text_of(desk.get(url(here)))
    desk.post(address, {"decision": "accept"}, **on_card(here))

    assert address in page
    suggestion.refresh_from_db()
    assert suggestion.state == "taken"
    assert address not in text_of(desk.get(url(here)))
    is_whole()


@pytest.mark.parametrize("kind", ["perhaps", "conflict", "bridge"])
def test_the_other_incident_shows_it_too_more_quietly(desk, kind):
    there, here = make_talk(2), make_talk(3)
    suggestion = propose(kind, here, there)
    address = url(there, "decide", suggestion.pk)

    page = text_of(desk.get(url(there)))

    assert address in page
    assert "dk-hintline quiet" in page
    answer = desk.post(address, {"decision": "dismiss"}, follow=True)
    assert address not in re.sub(r'(?s)<div class="dk-toast.*?</div>', "", text_of(answer))
    suggestion.refresh_from_db()
    assert suggestion.state == "dismissed"


def test_a_newcomers_letter_says_so(desk):
    incident = make_talk(2)
    assert "dk-new" not in text_of(desk.get(url(incident)))

    incident.letters.filter(way="thread").update(is_newcomer=True)

    assert text_of(desk.get(url(incident))).count("dk-new") == 1


def test_conversations_are_told_apart_and_shown_alone(desk):
    incident = make_talk(2)
    other = make_letter(33, subject="Re: Дверь открыта")
    IncidentEmail.objects.create(incident=incident, email=other, way="code", thread=other.pk)

    page = text_of(desk.get(url(incident)))
    alone = text_of(desk.get(url(incident), {"thread": other.pk}))

    assert f'href="?thread={other.pk}"' in page
    assert "Дверь открыта" in page
    shown = re.findall(r'<li class="dk-ev" id="letter-(\d+)"[^>]*?(hidden)?>', alone)
    assert [(pk == str(other.pk), bool(hidden)) for pk, hidden in shown] == [
        (False, True),
        (False, True),
        (True, False),
    ]


def test_what_is_likely_comes_first(desk):
    pole = make_pole()
    named, same_pole, same_sender, proposed = make_talk(1), make_talk(1, pole=pole), make_talk(1), make_talk(1)
    make_talk(1, requester_email="a@b.example")
    source = make_talk(2, pole=pole)
    letter = make_letter(40, subject=f"Re: {named.code}")
    IncidentEmail.objects.create(incident=source, email=letter, way="thread", thread=letter.pk)
    Suggestion.objects.create(kind="conflict", incident=source, other=proposed, email=letter)

    found = [each.incident for each in targets.likely(source, [letter])]

    assert found[:3] == [proposed, named, same_pole]
    assert same_sender in found
    page = text_of(desk.get(url(source, "targets"), {"letter": letter.pk}))
    assert page.index(proposed.code) < page.index(named.code) < page.index(same_pole.code)


@pytest.mark.parametrize("typed", ["{number}", "NT-{number}", "нт{number}", "41960", "дверь откр"])
def test_typed_words_find_the_incident(desk, typed):
    source = make_talk(1)
    wanted = make_talk(1, subject="Открыта дверь", pole=make_pole("41960-P-43-1-1"), active_at=timezone.now())

    page = text_of(desk.get(url(source, "targets"), {"to": typed.format(number=wanted.code.split("-")[1])}))

    assert (wanted.code in page) == (not typed.startswith("нт"))


def test_a_merged_incident_is_offered_as_what_it_became(desk, me):
    source, gone, target = make_talk(1), make_talk(1), make_talk(1)
    moving.merge(gone, target, by=me, at=timezone.now())

    page = text_of(desk.get(url(source, "targets"), {"to": gone.code}))

    assert target.code in page
    assert f'value="{gone.code}"' not in page


def test_an_observer_sees_what_is_proposed_and_finds_no_buttons(client):
    there, here = make_talk(1), make_talk(2)
    suggestion = propose("perhaps", here, there)
    client.force_login(make_user(role=Role.OBSERVER))

    page = text_of(client.get(url(here)))

    assert there.code in page
    for name in ("move", "merge", "split"):
        assert url(here, name) not in page
    assert url(here, "decide", suggestion.pk) not in page


def test_the_card_asks_as_often_for_many_letters_suggestions_and_deeds_as_for_few(desk, me):
    counts = []
    # Fewer than a page of the timeline in both.
    for number in (2, 16):
        incident, other = make_talk(number + 20), make_talk(2)
        IncidentEmail.objects.filter(incident=incident, way="thread").update(is_newcomer=True)
        for place in list(incident.letters.order_by("-pk")[:number]):
            IncidentEmail.objects.filter(pk=place.pk).update(thread=place.email_id)
            there = make_talk(1, pole=make_pole())
            Suggestion.objects.create(kind="conflict", incident=incident, other=there, email=place.email)
            Suggestion.objects.create(kind="perhaps", incident=there, other=incident, email=letters_of(there)[0])
        for letter in letters_of(incident)[1 : 1 + number // 2]:
            moving.move_letters([letter], other, out_of=incident, by=me, at=timezone.now())
        desk.get(url(incident))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            desk.get(url(incident))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_offered_incidents_take_as_many_queries_for_many_as_for_few(desk):
    source, counts = make_talk(1), []
    for number in (1, 8):
        pole = make_pole()
        Incident.objects.filter(pk=source.pk).update(pole=pole)
        for _ in range(number):
            make_talk(1, pole=make_pole(), active_at=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            desk.get(url(source, "targets"), {"to": "ВЭС"})
        counts.append(len(queries))

    assert counts[0] == counts[1]
