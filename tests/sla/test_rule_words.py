"""Rules are read and typed by people."""

from __future__ import annotations

import copy

import pytest
from django.utils import translation

from incidents.errors import DomainError
from sla import changing, rule_checks, rule_lengths
from sla.policy import Policy
from sla.rule_differences import between
from sla.rule_words import Names, course, length, say

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def document():
    return copy.deepcopy(changing.newest().document)


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [
        ("90", 90),
        ("90 мин", 90),
        ("24ч", 1440),
        ("1 ч 30 мин", 90),
        ("15 дней", 21_600),
        ("2 сут. 4 часа", 3120),
        ("1h 5m", 65),
        ("0", 0),
    ],
)
def test_lengths_are_understood_as_people_write_them(typed, minutes):
    assert rule_lengths.minutes(typed) == minutes


@pytest.mark.parametrize("typed", ["", "скоро", "1 год", "-5", "1,5 ч", "24 ч утра"])
def test_what_is_no_length_is_refused(typed):
    with pytest.raises(DomainError):
        rule_lengths.minutes(typed)


@pytest.mark.parametrize("minutes", [0, 1, 59, 60, 90, 1440, 2880, 21_600, 1501])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_length_is_read_back_as_it_is_shown(minutes, language):
    with translation.override(language):
        assert rule_lengths.minutes(length(minutes)) == minutes


def test_several_lengths_stand_in_order_each_once():
    assert rule_lengths.several("15 мин, 1 ч; 60") == [60, 15]


def test_a_clock_says_when_it_starts_and_stops(document):
    said = course("contractor", Policy(0, document), Names((document,)))
    assert said == (
        "Starts when it is handed over to the contractor;"
        " stops when the contractor has finished or the incident is closed."
    )


def test_a_rule_with_its_own_start_says_so(document):
    document["rules"].append({"clock": "contractor", "minutes": 30, "starts": ["status:new"], "stops": ["answer"]})
    line = Policy(0, document).lines[-1]
    said = str(say(line, Names((document,))))
    assert "starts when status “New”" in said
    assert "stops when our first letter leaves or the incident is closed" in said


def test_a_changed_rule_is_one_difference_with_both_readings(document):
    other = copy.deepcopy(document)
    other["rules"][2]["minutes"] = 20
    [difference] = between(document, other)
    assert difference.title == "First deed of a dispatcher · all incidents"
    assert ("10 min" in difference.was, "20 min" in difference.now) == (True, True)


def test_a_deleted_rule_does_not_make_the_others_differ(document):
    other = copy.deepcopy(document)
    del other["rules"][0]
    [difference] = between(document, other)
    assert (difference.title, difference.now) == ("Rule deleted", "")


def test_another_order_is_a_difference(document):
    other = copy.deepcopy(document)
    other["rules"].reverse()
    assert [each.title for each in between(document, other)] == ["Order of the rules"]


def test_types_clocks_and_calendars_differ_by_name(document):
    other = copy.deepcopy(document)
    other["types"]["power-msk"] = 60
    other["clocks"] = {"own:2": {"name": "Road", "starts": ["handed_over"], "stops": []}}
    other["calendars"] = {"c": {"name": "Office", "week": [[[540, 1080]]] * 5 + [[], []], "days": {}}}
    said = {each.title: each for each in between(document, other)}
    assert said["Clock “Road”"].was == ""
    assert "9:00–18:00" in said["Calendar “Office”"].now
    third = copy.deepcopy(other)
    third["calendars"]["c"]["days"] = {"2026-11-04": []}
    [day] = between(other, third)
    assert "04.11.2026" in day.now


def test_the_same_rules_have_no_problems_and_no_differences(document):
    assert (rule_checks.problems(document), between(document, copy.deepcopy(document))) == ([], [])


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"clock": "gone", "minutes": 5}, "there is no such clock"),
        ({"clock": "incident", "minutes": 0}, "between one minute and two years"),
        ({"clock": "incident", "minutes": 5, "calendar": "x"}, "there is no calendar “x”"),
        ({"clock": "incident", "minutes": 5, "match": {"region": ["Х"]}, "pauses": ["x"]}, "there is no status “x”"),
        ({"clock": "incident", "minutes": 5, "match": {"type": ["x"]}}, "it asks for “x”, which there is not"),
        ({"clock": "incident", "minutes": 5, "match": {"contractor": ["7"]}}, "it asks for “7”, which there is not"),
        ({"clock": "incident", "minutes": 5}, "since rule 1 takes all of it before"),
        ({"clock": "first_answer", "minutes": 5, "warn": [5]}, "before the clock starts"),
        ({"clock": "first_answer", "minutes": 5, "starts": []}, "it never starts"),
    ],
)
def test_what_is_wrong_is_said_in_words(document, rule, said):
    document["rules"].append(rule)
    assert any(said in each for each in rule_checks.problems(document)), rule_checks.problems(document)


def test_a_narrower_rule_below_a_wider_one_is_no_problem(document):
    document["rules"].append({"clock": "incident", "minutes": 5, "match": {"region": ["Пермский край"]}})
    document["rules"].append({"clock": "incident", "minutes": 9, "match": {"region": ["Омская область"]}})
    assert rule_checks.problems(document) == []


def test_priorities_are_named_once_the_most_urgent_first(document):
    document["rules"].append({"clock": "contractor", "minutes": 30, "match": {"priority": ["low", "urgent"]}})
    assert say(Policy(0, document).lines[-1], Names((document,))).whom == ("priority “urgent, low”",)


def test_a_rule_that_others_take_together_is_never_chosen(document):
    document["rules"] += [
        {"clock": "first_answer", "minutes": 5, "match": {"priority": ["urgent", "high"]}},
        {"clock": "first_answer", "minutes": 6, "match": {"priority": ["normal", "low"]}},
        {"clock": "first_answer", "minutes": 7},
    ]
    [wrong] = rule_checks.problems(document)
    assert wrong.endswith("together the rules 11 and 12 take all of it.")
    document["rules"][-2]["match"] = {"priority": ["normal"]}
    assert rule_checks.problems(document) == []


def test_a_narrower_rule_leaves_the_rest_to_the_wider_one(document):
    document["rules"] += [
        {"clock": "first_answer", "minutes": 5, "match": {"region": ["А"], "priority": ["low"]}},
        {"clock": "first_answer", "minutes": 6, "match": {"region": ["А"]}},
        {"clock": "first_answer", "minutes": 7, "match": {"region": ["А", "Б"]}},
        {"clock": "first_answer", "minutes": 8},
    ]
    assert rule_checks.problems(document) == []
