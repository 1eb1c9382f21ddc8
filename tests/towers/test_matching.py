"""How the finder decides between the parts of a letter, and what it tells about its decision."""

from __future__ import annotations

import time

import pytest

from towers.matching import MAX_CHARACTERS, Index, Match, Part

POLES = [
    (1, "41960-P-43-1-1"),
    (2, "41961-P-43-1-1"),
    (3, "41961-P-43-1-2"),
    (4, "11260-4-МС4220"),  # the registry itself holds Cyrillic letters
    (5, "59475-30-61-4-2"),
    (6, "59475-30-61-4-2/1"),
]
STATIONS = [
    (10, "KI000075", 1),
    (11, "KI0080", 2),
    (12, "DB0001", 2),
    (13, "DB0001", 3),
    (14, "БС 18972 Слобода", 4),
    (15, "30-175", 5),
    (16, "30-176", 5),
    *((100 + at, "RBS6601", pole) for at, (pole, _) in enumerate(POLES)),
    *((200 + at, f"KV{at:04}", 1) for at in range(12)),
]


@pytest.fixture(scope="module")
def index() -> Index:
    return Index.build(POLES, STATIONS)


def subject(text: str) -> Part:
    return Part("subject", text)


def reply(text: str) -> Part:
    return Part("reply", text)


def test_every_part_of_the_answer_is_explained(index: Index) -> None:
    text = "Отсутствует ВЭС КI0075/41960–Р–43-1-1"
    match = index.find([subject(text)])

    assert (match.pole_id, match.station_id, match.rule, match.problem) == (1, 10, "named", None)
    station, pole = match.evidence
    assert (station.kind, station.rule, station.value, station.ids) == (
        "station",
        "padded",
        "KI000075",
        (10,),
    )
    assert (pole.kind, pole.rule, pole.value, pole.ids) == (
        "pole",
        "lookalike",
        "41960-P-43-1-1",
        (1,),
    )
    assert [text[item.start : item.end] for item in match.evidence] == ["КI0075", "41960–Р–43-1-1"]
    assert station.supports
    assert pole.supports


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("41960-P-43-1-1", "exact"),
        ("41960 — p — 43-1-1", "respelled"),
        ("41960-Р-43-1-1", "lookalike"),
        ("41960-P-43...", "prefix"),
        ("KI0075", "padded"),
        ("БС 18972", "labelled"),
        ("99999-P-43-1-1", "unknown"),
    ],
)
def test_the_rule_tells_how_a_code_was_recognised(index: Index, text: str, rule: str) -> None:
    assert [item.rule for item in index.find([subject(text)]).evidence] == [rule]


def test_spans_lie_in_the_original_text_with_its_invisible_characters(index: Index) -> None:
    text = "ВЭС\u200b на 41\u200b960\u00ad-P-43-1-1\u200b, срочно"
    (item,) = index.find([reply(text)]).evidence

    assert text[item.start : item.end] == item.text == "41\u200b960\u00ad-P-43-1-1"


def test_a_match_survives_storage(index: Index) -> None:
    for text in ("KI0075/41960-P-43-1-1", "DB0001", "KI0080 41960-P-43-1-1", "ничего"):
        match = index.find([subject(text)])
        assert Match.from_json(match.as_json()) == match


def test_a_match_stored_before_a_field_was_known_is_read_with_its_default(index: Index) -> None:
    stored = index.find([subject("DB0001")]).as_json()
    for name in ("candidates", "station_candidates", "runners_up"):
        del stored[name]

    assert Match.from_json(stored).station_candidates == ()


def test_a_station_alone_brings_its_pole(index: Index) -> None:
    match = index.find([subject("KI0080")])

    assert (match.pole_id, match.station_id, match.rule) == (2, 11, "from_station")


def test_a_station_on_two_poles_offers_both(index: Index) -> None:
    match = index.find([subject("DB0001")])

    assert (match.pole_id, match.station_id, match.problem) == (None, None, "ambiguous")
    assert match.candidates == ("41961-P-43-1-1", "41961-P-43-1-2")
    assert match.station_candidates == ("DB0001",)


def test_a_station_on_two_poles_with_one_of_them_named_is_the_one_there(index: Index) -> None:
    match = index.find([subject("DB0001"), reply("опора 41961-P-43-1-2")])

    assert (match.pole_id, match.station_id) == (3, 13)


def test_a_station_of_another_pole_is_a_conflict(index: Index) -> None:
    match = index.find([subject("KI0080/41960-P-43-1-1")])

    assert (match.pole_id, match.station_id, match.problem) == (None, None, "conflict")
    assert match.candidates == ("41960-P-43-1-1", "41961-P-43-1-1")
    assert not any(item.supports for item in match.evidence)


def test_two_stations_of_one_pole_give_the_pole_and_offer_the_stations(index: Index) -> None:
    match = index.find([subject("БС 30-175, 30-176 без питания")])

    assert (match.pole_id, match.station_id, match.problem) == (5, None, None)
    assert match.station_candidates == ("30-175", "30-176")


def test_new_text_outweighs_what_it_quotes(index: Index) -> None:
    quote = Part("quote", "41961-P-43-1-1")

    assert index.find([reply("Теперь 41960-P-43-1-1"), quote]).pole_id == 1
    assert index.find([reply("Спасибо"), quote]).pole_id == 2


def test_quote_then_attachment_then_thread_are_asked_newest_first(index: Index) -> None:
    thread = [Part("thread", "41960-P-43-1-1", rank=2), Part("thread", "41961-P-43-1-2", rank=1)]
    attachment = Part("attachment", "59475-30-61-4-2")
    quote = Part("quote", "41961-P-43-1-1")

    assert index.find(thread).pole_id == 3
    assert index.find([*thread, attachment]).pole_id == 5
    assert index.find([*thread, attachment, quote]).pole_id == 2


def test_evidence_tells_which_part_it_comes_from(index: Index) -> None:
    parts = [
        subject("Re:"),
        reply("ок"),
        Part("thread", "нет"),
        Part("thread", "41960-P-43-1-1", 1),
    ]
    (item,) = index.find(parts).evidence

    assert (item.source, item.part) == ("thread", 3)


def test_a_quote_settles_a_choice_but_never_overrules(index: Index) -> None:
    cut = reply("опора 41961-P-43")

    assert index.find([cut, Part("quote", "41961-P-43-1-2")]).pole_id == 3
    match = index.find([cut, Part("quote", "41960-P-43-1-1")])
    assert (match.pole_id, match.problem) == (None, "ambiguous")


def test_the_subject_decides_between_poles_of_the_text_and_names_the_runners_up(
    index: Index,
) -> None:
    match = index.find([subject("41960-P-43-1-1"), reply("41960-P-43-1-1 питается от 41961-P-43-1-1")])

    assert (match.pole_id, match.runners_up) == (1, ("41961-P-43-1-1",))


def test_a_code_the_registry_does_not_have_offers_what_comes_near(index: Index) -> None:
    match = index.find([subject("41961-P-43-9-9"), Part("quote", "KI0075")])

    assert (match.pole_id, match.problem) == (None, "unknown_code")
    assert match.candidates == ("41961-P-43-1-1", "41961-P-43-1-2")


def test_the_registry_decides_even_where_it_writes_codes_strangely(index: Index) -> None:
    assert index.find([subject("11260-4-MC4220")]).pole_id == 4
    assert index.find([subject("59475-30-61-4-2/1")]).pole_id == 6
    assert index.find([subject("59475-30-61-4-2/KI9999")]).pole_id == 5
    assert index.find([subject("БС 18972")]).station_name == "БС 18972 Слобода"


def test_a_name_as_written_goes_before_the_same_name_with_other_zeros() -> None:
    index = Index.build(POLES, [(1, "TU0012", 1), (2, "TU000012", 2)])

    assert index.find([subject("TU0012")]).station_id == 1
    assert index.find([subject("TU000012")]).station_id == 2
    assert index.find([subject("TU00012")]).problem == "ambiguous"


def test_equipment_that_stands_on_many_poles_names_none(index: Index) -> None:
    many = [(pole, f"{pole}-P-11-1-1") for pole in range(20_000, 20_020)]
    crowded = Index.build(many, [(pole, "RBS6601", pole) for pole, _ in many])

    assert crowded.find([subject("RBS6601 не отвечает")]) == Match()


def test_our_own_incident_codes_are_no_stations() -> None:
    poles, stations = [(1, "41960-P-43-1-1")], [(1, "NT163341", 1), (2, "АВ163341", 1)]
    with_default = Index.build(poles, stations)
    with_other = Index.build(poles, stations, own_prefixes=["АВ-"])

    assert with_default.find([subject("Re: NT-163341")]).pole_id is None
    assert with_other.find([subject("Re: NT-163341")]).pole_id == 1
    assert with_other.find([subject("Re: АВ-163341")]).pole_id is None


def test_what_stands_beyond_the_limit_is_not_read_and_said_so(index: Index) -> None:
    near = index.find([reply("а" * (MAX_CHARACTERS - 15) + " 41960-P-43-1-1")])
    far = index.find([reply("а" * MAX_CHARACTERS + " 41960-P-43-1-1")])

    assert (near.pole_id, near.truncated) == (1, False)
    assert (far.pole_id, far.truncated) == (None, True)


def test_nothing_found_is_an_empty_match_without_a_problem(index: Index) -> None:
    assert index.find([]) == index.find([subject(""), reply("Добрый день")]) == Match()


def test_an_empty_registry_finds_nothing() -> None:
    assert Index.build([], []).find([subject("KI0075")]) == Match()


@pytest.mark.parametrize(
    "piece",
    ["-", "7", "Я", "1-", "41960-", "41960-P-", "БС 18972\t", "30-175, ", " - ", "\u200b4-"],
)
def test_a_megabyte_of_anything_takes_less_than_a_second(index: Index, piece: str) -> None:
    parts = [Part(source, piece * (1_000_000 // len(piece))) for source in ("subject", "reply", "quote")]
    started = time.thread_time()
    index.find(parts)

    assert time.thread_time() - started < 1
