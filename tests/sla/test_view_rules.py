"""Administrators change the rules on pages: as sentences, tried first, with a history."""

from __future__ import annotations

import copy
import html
import re
from typing import Any

import pytest
from django.utils import translation

from dispatchers.roles import Role
from incidents import services
from incidents.models import IncidentType, Status
from sla import changing, trials
from sla.models import Trial
from tests.factories import NOW, make_incident, make_pole, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def chief(client):
    user = make_user(Role.ADMINISTRATOR)
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return user


def typed(**over: Any) -> dict[str, Any]:
    return {"seen": changing.newest().number, "clock": "contractor", "calendar": "", **over}


def text_of(response: Any) -> str:
    """What a reader reads: no marks, and spaces as one reads them."""
    said = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))
    return said.replace(" ,", ",").replace(" :", ":")


def make_open(**over: Any):
    me, incident = make_user(), make_incident(status="inProgress", **over)
    services.set_type(incident, IncidentType.objects.get(key="power-msk"), by=me, at=NOW)
    return incident


def test_rules_read_as_sentences(client, chief):
    document = copy.deepcopy(changing.newest().document)
    document["rules"].append(
        {
            "clock": "contractor",
            "minutes": 1440,
            "match": {"type": ["power-msk"], "region": ["Пермский край"]},
            "pauses": ["needAcceptance"],
            "warn": [15, 60],
            "escalate": 0,
        }
    )
    changing.save(document, by=chief, why="договор", now=NOW, based_on=changing.newest().number)

    said = text_of(client.get("/sla/rules/"))

    assert "Пермский край" in said
    assert "24 h" in said
    assert "round the clock, stands still in “" in said
    assert "warns 1 h and 15 min before, tells the managers at the deadline" in said


def test_a_new_rule_is_tried_before_it_is_saved(client, chief):
    make_open()
    answer = client.post("/sla/rules/new/", typed(clock="incident", time="30 min", type=["power-msk"]))
    trial = Trial.objects.get()
    assert answer.headers["Location"] == f"/sla/rules/trials/{trial.pk}/"
    assert changing.newest().number == trial.based_on
    trials.count(lambda: NOW)

    page = text_of(client.get(answer.headers["Location"]))
    assert "1 of 1 get another deadline" in page

    client.post(f"/sla/rules/trials/{trial.pk}/save/", {"why": "contract 17"})

    newest = changing.newest()
    assert (newest.number, newest.by, newest.why) == (trial.based_on + 1, chief, "contract 17")
    assert newest.document["rules"][1]["match"] == {"type": ["power-msk"]}


def test_a_reason_is_asked_for(client, chief):
    client.post("/sla/rules/new/", typed(time="30 min", priority=["low"]))
    answer = client.post(f"/sla/rules/trials/{Trial.objects.get().pk}/save/", {"why": " "})
    assert (answer.status_code, changing.newest().number) == (422, 1)


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"time": "soon"}, "is not understood"),
        ({"time": "0"}, "between one minute and two years"),
        ({"time": "1 h", "warn": "2 h", "priority": ["low"]}, "before the clock starts"),
        ({"time": "30 min", "calendar": "gone"}, "gone"),
        ({"has_own_words": "on"}, "Choose when the clock starts"),
        ({"time": "24 h"}, "it is never chosen, since rule 2 takes all of it before"),
    ],
)
def test_a_rule_that_is_not_sound_is_refused_in_words(client, chief, over, said):
    answer = client.post("/sla/rules/new/", typed(**over))
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert not Trial.objects.exists()


def test_whoever_came_second_keeps_his_text_and_sees_what_changed(client, chief):
    form = typed(clock="first_action", time="20 min", name="летний режим")
    document = copy.deepcopy(changing.newest().document)
    document["types"]["power-msk"] = 60
    other = make_user(Role.ADMINISTRATOR)
    changing.save(document, by=other, why="", now=NOW, based_on=1)

    late = client.post("/sla/rules/3/", form)

    assert late.status_code == 409
    said = late.content.decode()
    assert other.full_name in said
    assert 'value="летний режим"' in said
    assert "4 h" in text_of(late)
    again = client.post("/sla/rules/3/", {**form, "seen": 2})
    assert again.headers["Location"].startswith("/sla/rules/trials/")


def test_whoever_changes_a_rule_that_was_deleted_meanwhile_adds_it_anew(client, chief):
    form = typed(clock="first_action", time="20 min")
    document = copy.deepcopy(changing.newest().document)
    del document["rules"][2]
    changing.save(document, by=chief, why="", now=NOW, based_on=1)

    late = client.post("/sla/rules/3/", form)

    assert 'action="/sla/rules/new/"' in late.content.decode()


def test_a_trial_that_is_too_late_is_not_saved_and_leads_back_to_the_text(client, chief):
    client.post("/sla/rules/new/", typed(time="30 min", name="летний режим", priority=["low"]))
    trial = Trial.objects.get()
    document = copy.deepcopy(changing.newest().document)
    document["types"]["power-msk"] = 60
    changing.save(document, by=make_user(Role.ADMINISTRATOR), why="", now=NOW, based_on=1)

    answer = client.post(f"/sla/rules/trials/{trial.pk}/save/", {"why": "x"})

    assert (answer.status_code, changing.newest().number) == (409, 2)
    assert 'value="летний режим"' in client.get(f"/sla/rules/new/?trial={trial.pk}").content.decode()


def test_deleting_and_moving_are_tried_too(client, chief):
    client.post("/sla/rules/3/remove/", {"seen": 1})
    assert [rule["clock"] for rule in Trial.objects.latest("pk").document["rules"]].count("first_action") == 0
    last = len(changing.newest().document["rules"])

    client.post(f"/sla/rules/{last}/earlier/", {"seen": 1})

    moved = Trial.objects.latest("pk").document["rules"]
    assert moved[last - 2]["match"] == changing.newest().document["rules"][last - 1]["match"]


def test_times_of_types_are_changed_together_and_only_those_that_were(client, chief):
    page = client.get("/sla/rules/types/").content.decode()
    form = dict(re.findall(r'name="(type-\d+)" value="([^"]*)"', page))
    kind = IncidentType.objects.get(key="power-msk")

    client.post("/sla/rules/types/", {**form, f"type-{kind.pk}": "90 min", "seen": 1})

    trial = Trial.objects.get()
    assert trial.document["types"] == {**changing.newest().document["types"], "power-msk": 90}


def test_what_changes_nothing_is_no_trial(client, chief):
    page = client.get("/sla/rules/types/").content.decode()
    form = dict(re.findall(r'name="(type-\d+)" value="([^"]*)"', page))
    assert client.post("/sla/rules/types/", {**form, "seen": 1}).headers["Location"] == "/sla/rules/"
    assert not Trial.objects.exists()


def test_the_history_says_who_why_and_what_and_brings_versions_back(client, chief):
    document = copy.deepcopy(changing.newest().document)
    document["types"]["power-msk"] = 60
    changing.save(document, by=chief, why="договор 17", now=NOW, based_on=1)

    said = text_of(client.get("/sla/rules/history/"))
    assert chief.full_name in said
    assert "договор 17" in said
    assert "was: 4 h" in said

    answer = client.post("/sla/rules/history/1/bring-back/")
    client.post(answer.headers["Location"] + "save/", {"why": "back"})

    assert changing.newest().document == {**document, "types": {**document["types"], "power-msk": 240}}


def test_a_rule_reads_as_a_sentence_while_it_is_written(client, chief):
    said = text_of(client.post("/sla/rules/preview/", typed(time="90 min", pauses=["needAcceptance"])))
    assert "Contractor's clock · all incidents" in said
    assert "1 h 30 min" in said
    assert Status.objects.get(key="needAcceptance").name in said


def test_pages_ask_as_often_for_many_rules_as_for_few(client, chief, django_assert_max_num_queries):
    def fill(number: int) -> None:
        newest = changing.newest()
        document = copy.deepcopy(newest.document)
        document["rules"] += [
            {"clock": "contractor", "minutes": 10 + each, "match": {"contractor": [str(pole.contractor_id)]}}
            for each, pole in enumerate(make_pole(region_ru=f"Область {newest.number}-{n}") for n in range(number))
        ]
        document["rules"] = [
            {**rule, "match": {**rule.get("match", {}), "region": [f"Область {newest.number}-{place}"]}}
            if rule.get("match", {}).get("contractor") and "region" not in rule["match"]
            else rule
            for place, rule in enumerate(document["rules"])
        ]
        type(newest).objects.create(number=newest.number + 1, document=document, by=chief)

    for number in (5, 50):
        fill(number)
        for address in ("/sla/rules/", "/sla/rules/history/"):
            client.get(address)
            with django_assert_max_num_queries(14):
                client.get(address)


@pytest.mark.parametrize("page", ["new", "types", "clocks/new"])
def test_an_empty_form_is_refused_and_not_taken_for_a_look(client, chief, page):
    assert client.post(f"/sla/rules/{page}/").status_code == 422
