"""The pages of calendars: nothing is saved before it is asked for, and what is saved is what was drawn."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from dispatchers.models import User
from dispatchers.roles import Role
from sla import calendar_sheets, changing
from sla.calendar_sheets import Sheet
from sla.calendars import Intervals
from sla.models import PolicyVersion, Trial
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db

OFFICE: Intervals = ((540, 780), (840, 1080))
NEW = "/sla/calendars/new/"
WEEK = {f"day{weekday}": "9-13, 14-18" if weekday < 5 else "" for weekday in range(7)}
EMPTY = json.dumps({"days": {}, "day_names": {}, "taken": {}})


@pytest.fixture
def keeper() -> User:
    return make_user(Role.ADMINISTRATOR)


@pytest.fixture
def desk(keeper: User) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(keeper)
    return client


def document() -> dict[str, Any]:
    return changing.newest().document


def sheets() -> dict[str, Sheet]:
    return calendar_sheets.all_of(document())


def typed(**more: Any) -> dict[str, Any]:
    seen = changing.newest().number
    return {"name": "Рабочие дни", "zone": "Europe/Moscow", "kept": EMPTY, "seen": seen, "year": 2027, **WEEK, **more}


def draw(desk: Client, do: str = "", at: str = NEW, **more: Any) -> Any:
    """What the editor answers to one of its buttons."""
    return desk.post(at, typed(do=do, **more)).context


def saved(desk: Client, **more: Any) -> str:
    """A calendar that is in the rules; its key."""
    assert desk.post(NEW, typed(do="save", **more)).status_code == 302
    return next(key for key, sheet in sheets().items() if sheet.name == more.get("name", "Рабочие дни"))


def use(key: str, by: User) -> None:
    rules = json.loads(json.dumps(document()))
    rules["rules"][0]["calendar"] = key
    changing.save(rules, by=by, why="", now=NOW, based_on=changing.newest().number)


def test_a_new_calendar_is_in_the_rules_as_it_was_typed(desk):
    key = saved(desk)

    assert sheets()[key] == Sheet("Рабочие дни", "Europe/Moscow", (*(OFFICE,) * 5, (), ()))
    assert changing.newest().why == "Calendar “Рабочие дни”"


def test_nothing_is_saved_by_drawing(desk):
    for do in ("", "draw", "take", "copy", "year:2028", "day:2027-02-20", "clear"):
        draw(desk, do)

    assert PolicyVersion.objects.count() == 1


def test_hours_that_are_not_understood_are_told_at_their_day_and_nothing_is_saved(desk):
    answer = desk.post(NEW, typed(do="save", day2="9-13, fourteen"))

    assert answer.status_code == 422
    assert "is not understood" in answer.content.decode()
    assert answer.context["week"][2].typed == "9-13, fourteen"
    assert not sheets()


def test_monday_is_copied_to_the_working_days_only(desk):
    drawn = draw(desk, "copy", day0="8:30–17:00", day5="10-14")

    assert [day.typed for day in drawn["week"]] == ["8:30–17:00"] * 5 + ["10:00–14:00", ""]


def test_taking_the_holidays_fills_the_year_and_keeps_them_in_the_form(desk):
    drawn = draw(desk, "take", short="on")

    assert (drawn["year"].days, drawn["year"].length) == (247, "1\N{NARROW NO-BREAK SPACE}972 h")
    again = draw(desk, "save", kept=drawn["kept"])
    assert again is None
    (sheet,) = sheets().values()
    assert sheet.taken[2027].short
    assert len(sheet.of_year(2027)) == len(drawn["sheet"].days)


def test_a_day_is_opened_with_what_it_may_be_and_set(desk):
    taken = draw(desk, "take", short="on")["kept"]
    opened = draw(desk, "day:2027-11-05", kept=taken)["day"]
    assert [choice.value for choice in opened.choices if choice.is_chosen] == ["off"]

    drawn = draw(desk, "set", kept=taken, day="2027-11-05", made="own", own="10-12", called="Дежурство")

    assert drawn["day"] is None
    assert drawn["sheet"].days[opened.day].hours == ((600, 720),)
    assert [row.name for row in drawn["differences"]] == ["5 November 2027, Friday"]


def test_a_row_of_days_is_set_at_once(desk):
    drawn = draw(desk, "set", day="2027-07-05", through="2027-07-09", made="off", called="Закрыто")

    assert len(drawn["sheet"].days) == 5


@pytest.mark.parametrize(
    ("made", "field"),
    [
        ({"made": "own", "own": ""}, "own"),
        ({"made": "own", "own": "25-26"}, "own"),
        ({"made": "off", "through": "2027-06-01"}, "through"),
        ({"made": "off", "through": "2028-06-01"}, "through"),
    ],
)
def test_a_day_typed_wrong_stays_open_and_says_why(desk, made, field):
    drawn = draw(desk, "set", day="2027-07-05", **made)

    assert drawn["day"].form.errors[field]
    assert not drawn["sheet"].days


def test_a_day_left_open_is_saved_with_the_calendar(desk):
    desk.post(NEW, typed(do="save", day="2027-07-05", made="off", called="Закрыто"))

    (sheet,) = sheets().values()
    assert len(sheet.days) == 1


def test_a_field_beside_it_leaves_a_day_open(desk):
    drawn = draw(desk, "", day="2027-07-05", made="own", own="9-1", called="Зак")

    assert drawn["day"].form["called"].value() == "Зак"
    assert not drawn["sheet"].days


def test_the_tried_incident_is_due_as_the_calendar_counts(desk):
    html = desk.post(NEW, typed(opens="2026-11-20T17:30", allowed="8")).content.decode()

    assert "Monday, 23 November 2026, 17:30" in html
    assert "17:30–18:00" in html


def test_the_usual_example_is_the_evening_before_a_weekend(desk):
    drawn = desk.get(NEW).context

    assert (drawn["tried"].opens.weekday(), f"{drawn['tried'].opens:%H:%M}") == (4, "17:30")
    assert drawn["allowed"] == 8


def test_a_calendar_without_hours_has_no_deadline_and_says_so(desk):
    html = desk.post(NEW, typed(**dict.fromkeys(WEEK, ""))).content.decode()

    assert "has no deadline" in html


def test_what_rules_count_by_is_tried_before_it_is_saved(desk, keeper):
    key = saved(desk)
    use(key, keeper)

    answer = desk.post(f"/sla/calendars/{key}/", typed(do="save", day0="10-16"))

    trial = Trial.objects.get()
    assert answer.status_code == 302
    assert trial.document["calendars"][key]["week"][0] == [[600, 960]]
    assert sheets()[key].week[0] == OFFICE
    back = desk.get(f"{trial.back}?trial={trial.pk}").context
    assert back["sheet"].week[0] == ((600, 960),)

    desk.post(f"/sla/rules/trials/{trial.pk}/save/", {"why": "Зимние часы"})
    assert sheets()[key].week[0] == ((600, 960),)


def test_a_calendar_that_is_saved_as_it_was_is_no_version(desk, keeper):
    key = saved(desk)
    use(key, keeper)

    assert desk.post(f"/sla/calendars/{key}/", typed(do="save")).status_code == 302
    assert not Trial.objects.exists()


def test_a_calendar_that_rules_count_by_is_not_removed_and_the_rules_are_named(desk, keeper):
    key = saved(desk)
    use(key, keeper)

    answer = desk.post(f"/sla/calendars/{key}/remove/", follow=True)

    assert "Rules count by this calendar: № 1" in answer.content.decode()
    assert key in sheets()


def test_a_calendar_that_nobody_needs_is_removed(desk):
    key = saved(desk)

    desk.post(f"/sla/calendars/{key}/remove/")

    assert not sheets()
    assert PolicyVersion.objects.count() == 3


def test_two_calendars_do_not_share_a_name(desk):
    saved(desk)

    assert "already" in desk.post(NEW, typed(do="save", name="РАБОЧИЕ ДНИ")).content.decode()
    assert len(sheets()) == 1


def test_what_somebody_changed_meanwhile_is_not_overwritten_unseen(desk, keeper):
    key = saved(desk)
    form = typed(do="save", day0="10-16")
    theirs = calendar_sheets.all_of(document())[key].with_days({NOW.date(): calendar_sheets.Special(())})
    rules = {**document(), "calendars": {key: theirs.document()}}
    changing.save(rules, by=keeper, why="", now=NOW, based_on=form["seen"])

    answer = desk.post(f"/sla/calendars/{key}/", form)

    assert answer.status_code == 409
    assert sheets()[key] == theirs
    assert answer.context["week"][0].typed == "10:00–16:00"
    assert answer.context["form"]["seen"].value() == str(changing.newest().number)


def test_another_rule_changed_meanwhile_is_no_hindrance(desk, keeper):
    key = saved(desk)
    form = typed(do="save", day0="10-16")
    rules = json.loads(json.dumps(document()))
    rules["rules"][0]["name"] = "Авария"
    changing.save(rules, by=keeper, why="", now=NOW, based_on=form["seen"])

    assert desk.post(f"/sla/calendars/{key}/", form).status_code == 302
    assert sheets()[key].week[0] == ((600, 960),)
    assert document()["rules"][0]["name"] == "Авария"


@pytest.mark.parametrize(
    "kept",
    ["", "[]", "{", '{"days": {"2027-01-01": [[5]]}}', '{"days": {"soon": []}}', '{"days": {"2027-01-01": [[9, 5]]}}'],
)
def test_days_that_were_tampered_with_are_refused_kindly(desk, kept):
    answer = desk.post(NEW, typed(do="save", kept=kept))

    assert answer.status_code == 422
    assert "Open the calendar again" in answer.content.decode()


def test_for_htmx_only_what_follows_from_the_fields_is_answered(desk):
    answer = desk.post(NEW, typed(), headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in answer
    assert 'name="day0"' not in answer
    assert 'id="cal-due"' in answer


def test_the_list_says_hours_holidays_and_rules(desk, keeper):
    drawn = draw(desk, "take", short="on")
    use(saved(desk, kept=drawn["kept"]), keeper)

    (row,) = desk.get("/sla/calendars/").context["rows"]

    assert (row.name, row.zone, row.week) == ("Рабочие дни", "Moscow", ["Mo–Fr 9:00–13:00, 14:00–18:00"])
    assert [(year, days > 10) for year, days in row.years] == [(2027, True)]
    assert [number for number, _said in row.rules] == [1]


def test_the_list_asks_as_often_for_fifty_as_for_five(desk, keeper, django_assert_max_num_queries):
    for count in (5, 50):
        rules = {**document(), "calendars": {}}
        for number in range(count):
            rules["calendars"][f"c-{number}"] = Sheet(f"Календарь {number}", "Asia/Omsk", ((),) * 7).document()
        now = NOW + timedelta(minutes=count)
        changing.save(rules, by=keeper, why="", now=now, based_on=changing.newest().number)
        with django_assert_max_num_queries(12):
            assert len(desk.get("/sla/calendars/").context["rows"]) == count
