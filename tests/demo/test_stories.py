"""demo.stories: an invented month is repeatable, believable in time, and complete."""

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from demo import registry, stories

END = datetime(2026, 8, 20, 15, 0, tzinfo=ZoneInfo("Europe/Moscow"))
REGISTRY = registry.build()
MONTH = stories.month(REGISTRY, END)


def test_the_same_end_gives_the_same_month() -> None:
    again = stories.month(REGISTRY, END)
    assert [story.opening.raw for story in again] == [story.opening.raw for story in MONTH]
    assert [story.deeds for story in again] == [story.deeds for story in MONTH]
    letters = [[mail.write("NT-1") for mail in story.mail] for story in MONTH]
    assert [[mail.write("NT-1") for mail in story.mail] for story in again] == letters


def test_four_hundred_stories_begin_within_the_days_a_first_look_reaches() -> None:
    assert len(MONTH) == 400
    assert all(END - timedelta(days=stories.DAYS) < story.at < END for story in MONTH)
    assert [story.at for story in MONTH] == sorted(story.at for story in MONTH)


def test_nothing_happens_in_the_future_or_before_the_letter() -> None:
    for story in MONTH:
        assert all(story.at < moment < END for moment in story.moments()[1:])


def test_every_letter_has_an_id_of_its_own() -> None:
    ids = [story.opening.draft.message_id for story in MONTH]
    ids += [letter.draft.message_id for s in MONTH for mail in s.mail if (letter := mail.write("NT-1"))]
    assert "" not in ids
    assert len(set(ids)) == len(ids)


def test_sites_are_told_apart() -> None:
    assert len({story.opening.site for story in MONTH}) == len(MONTH)


def test_work_is_taken_up_within_minutes_mostly() -> None:
    waits = [story.deeds[0].at - story.at for story in MONTH if story.deeds]
    assert sum(wait < timedelta(minutes=10) for wait in waits) > len(waits) * 0.8
    assert any(wait > timedelta(minutes=10) for wait in waits)


def test_the_morning_is_the_busiest_time() -> None:
    hours = Counter(story.at.hour for story in MONTH)
    assert sum(hours[hour] for hour in range(9, 13)) > 3 * sum(hours[hour] for hour in range(4))


def test_some_are_closed_and_some_are_open_today() -> None:
    closed = sum(any(deed.value == "closed" for deed in story.deeds) for story in MONTH)
    assert 330 < closed < 385


def test_types_and_all_ways_occur() -> None:
    values = Counter(deed.value for story in MONTH for deed in story.deeds if deed.what in ("type", "status"))
    for key in ("access", "destruction", "power-msk", "power-rf", "fibre", "power-own", "naGeneraciiNb",
                "needAcceptance", "peredanoPodradciku", "uvedomiliOZakrytii"):  # fmt: skip
        assert values[key], key
    assert any(story.by_phone for story in MONTH)
