"""Whatever the registry and the disguise, a code is found at its place; a decoy never is."""

from __future__ import annotations

import random
import re
import string

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.towers.matching_world import make_registry
from towers.matching import Index, Match, Part

POLES, STATIONS = make_registry(2_000, 4_000, seed=3)
CODES = dict(POLES)
NAMES = sorted({name for _, name, _ in STATIONS})
INDEX = Index.build(POLES, STATIONS)
# Every bare number and every region-number there is: only the words around can refuse them.
ALL_NUMBERS = [(number, str(number), POLES[0][0]) for number in range(1000, 100_000)] + [
    (200_000 + at, f"{at // 1000:02}-{at % 1000}", POLES[1][0]) for at in range(100, 100_000)
]
CROWDED = Index.build(POLES, ALL_NUMBERS)

LOOKALIKES = dict(zip("ABCEHKMOPTXY", "АВСЕНКМОРТХУ", strict=True))
DASHES = "-‐‑‒–—−﹣－"
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
WORDS = str.split("""Добрый день просим восстановить питание отсутствует ВЭС по адресу Кировская область район
срочно авария недоступна станция работает на АКБ бригада выехала ожидаем ответа спасибо коллеги
электроснабжение прекращено без предупреждения причина выясняется""")

several = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def written(draw: st.DrawFn, code: str, *, any_space: bool = True) -> str:
    """The code as people type it: for the eye the same, for a machine not."""
    rng = draw(st.randoms(use_true_random=False))
    swap, dash = rng.random(), rng.choice(DASHES)
    space = rng.choice(["", "", "", " ", "\u00a0"]) if any_space else ""
    pieces = []
    for char in code:
        if char in LOOKALIKES and rng.random() < swap:
            char = LOOKALIKES[char]
        if char in "-_":
            char = f"{space}{dash}{space}"
        elif rng.random() < 0.15:
            char += rng.choice(INVISIBLE)
        pieces.append(char)
    text = "".join(pieces).strip(INVISIBLE)
    return text.lower() if rng.random() < 0.3 else text


@st.composite
def decoy(draw: st.DrawFn) -> str:
    """Something with digits that is never evidence, with a number some registry could hold."""
    number = draw(st.integers(10_000, 99_999))
    pair = f"{draw(st.integers(10, 99))}-{draw(st.integers(100, 99_999))}"
    any_number = draw(st.sampled_from([str(number), pair]))
    return draw(
        st.sampled_from(
            [
                f"тел. {any_number}",
                f"+7 (495) {pair}",
                f"доб. {any_number}",
                f"моб.: 8-916-{pair}",
                f"факс {any_number}",
                f"договор № {any_number}",
                f"по договору {any_number} от 12.03.2019",
                f"счёт {any_number}",
                f"счет-фактура № {any_number}",
                f"ИНН {number}12345",
                f"ИНН {any_number}",
                f"исх. № {any_number}",
                f"{number % 28 + 1:02}.{number % 12 + 1:02}.2026 {number % 24:02}:{number % 60:02}",
                f"с {number % 24:02}:30 до {any_number}",
                f"{number % 90}.{number} {number % 180}.{number}1",
                f"10.{number % 256}.{number % 256}.{number % 256}",
                f"{number}0, г. Киров, д. {number % 100}, кв. {any_number}",
                f"NT-{number}",
                f"NT-1{number}",
                f"заявка № {any_number}",
                f"инцидент {any_number}",
                f"noc.{number}@operator.example",
                f"{number} руб.",
                f"фидер № {any_number}",
                f"офис {any_number}",
                f"доп. соглашение № {any_number}",
            ]
        )
    )


@st.composite
def surrounding(draw: st.DrawFn, *pieces: st.SearchStrategy[str]) -> str:
    """A line or two of ordinary Russian, perhaps with decoys."""
    words = draw(st.lists(st.sampled_from(WORDS), max_size=8))
    decoys = draw(st.lists(st.one_of(decoy(), *pieces), max_size=3))
    glue = draw(st.sampled_from([". ", ".\n", ";\n", "\n\n"]))
    return glue.join([" ".join(words), *decoys]) + glue


wrapper = st.sampled_from(["{}", "({})", "«{}»", "{},", "{}.", "[{}]:", "*{}*", '"{}"', "/{}/", "{};"])


def find(text: str, index: Index = INDEX, source: str = "reply") -> Match:
    return index.find([Part("subject", ""), Part(source, text)])  # type: ignore[arg-type]


def letters_and_digits(text: str) -> str:
    table = {ord(strange): plain for plain, strange in LOOKALIKES.items()}
    return re.sub(r"[\W_]", "", text.upper().translate(table))


@several
@given(st.data(), st.sampled_from(POLES), surrounding(), surrounding(), wrapper)
def test_any_pole_code_in_any_disguise_and_surroundings_is_found(
    data: st.DataObject, pole: tuple[int, str], before: str, after: str, wrap: str
) -> None:
    code = data.draw(written(pole[1]))
    text = before + wrap.format(code) + "\n" + after
    match = find(text)

    assert (match.pole_id, match.pole_code) == pole, (text, match)
    (evidence,) = [item for item in match.evidence if item.kind == "pole"]
    assert text[evidence.start : evidence.end] == evidence.text == code
    assert evidence.value == pole[1]


@several
@given(st.data(), st.sampled_from(NAMES), surrounding(), surrounding())
def test_any_station_called_so_in_any_disguise_is_found(
    data: st.DataObject, name: str, before: str, after: str
) -> None:
    code = data.draw(written(name))
    label = data.draw(st.sampled_from(["БС ", "БС №", "БС-", "БС", "бс: ", "Номер БС:\u00a0", "на площадке "]))
    assume(not (label == "БС" and name.startswith("PL")))
    text = f"{before}{label}{code}\n{after}"
    match = find(text)

    poles = {CODES[pole] for _, other, pole in STATIONS if other == name}
    if len(poles) == 1:
        assert {match.pole_code} == poles, (text, match)
        assert match.station_name == name
    else:
        assert match.problem == "ambiguous"
        assert set(match.candidates) == poles
    # A postcode behind the word «станция» is named as unknown, too.
    (evidence,) = [item for item in match.evidence if item.rule != "unknown"]
    assert code.endswith(text[evidence.start : evidence.end]), (text, evidence)
    assert letters_and_digits(name).endswith(letters_and_digits(evidence.text))


@several
@given(st.data(), st.sampled_from([name for name in NAMES if name[:2].isalpha() and name[:3] != "PL_"]))
def test_a_station_is_found_with_its_number_padded_or_not(data: st.DataObject, name: str) -> None:
    letters, number = name[:2], name[2:]
    padded = number.lstrip("0").zfill(data.draw(st.sampled_from([4, 5, 6])))
    assume(letters + padded == name or letters + padded not in NAMES)
    match = find(f"Отсутствует ВЭС {letters}{padded}")

    same = {other for other in NAMES if re.fullmatch(f"{letters}0*{number.lstrip('0')}", other)}
    if len(same) == 1 and sum(other == name for _, other, _ in STATIONS) == 1:
        assert match.station_name == name


@several
@given(st.sampled_from(STATIONS), st.booleans(), surrounding())
def test_a_pair_is_found_whole_and_a_false_pair_is_a_conflict(
    station: tuple[int, str, int], is_true: bool, after: str
) -> None:
    _, name, pole = station
    homes = {home for _, other, home in STATIONS if other == name}
    named = pole if is_true else next(number for number in CODES if number not in homes)
    match = find(f"Т2 Отсутствует ВЭС {name}/{CODES[named]}\n{after}")

    if is_true:
        assert (match.pole_id, match.station_name) == (pole, name)
    else:
        assert (match.pole_id, match.station_id, match.problem) == (None, None, "conflict")
        assert CODES[named] in match.candidates


@several
@given(st.sampled_from(POLES), st.integers(2, 5), st.sampled_from(["", "...", "…"]))
def test_a_cut_code_completes_to_its_only_pole_or_offers_them_all(pole: tuple[int, str], runs: int, dots: str) -> None:
    pieces = pole[1].split("-")
    assume(runs < len(pieces))
    cut = "-".join(pieces[:runs])
    match = find(f"Отсутствует ВЭС, шифр {cut}{dots} с утра")

    like = {code for code in CODES.values() if code == cut or code.startswith(cut + ("" if dots else "-"))}
    if len(like) == 1:
        assert match.pole_code == pole[1]
    elif cut not in like or dots:
        assert (match.pole_code, set(match.candidates)) == (None, like)


@several
@given(st.lists(decoy(), min_size=1, max_size=6), surrounding(), st.sampled_from(["reply", "subject"]))
def test_phones_dates_sums_and_other_numbers_are_never_a_site(decoys: list[str], before: str, source: str) -> None:
    text = before + ".\n".join(decoys) + "."

    assert find(text, CROWDED, source).evidence == (), text


@several
@given(st.lists(st.integers(0, 10**11), max_size=20), st.sampled_from([" ", ", ", "\n", ": "]))
def test_random_numbers_are_never_a_site(numbers: list[int], glue: str) -> None:
    text = glue.join(map(str, numbers))

    assert find(text, CROWDED).evidence == find(text, CROWDED, "subject").evidence == ()


@several
@given(st.text(alphabet=string.printable + "БСАВПРабс№–—\u00a0\u200b\u00ad0123456789---", max_size=300))
def test_any_text_is_read_and_every_span_lies_in_it(text: str) -> None:
    match = find(text, CROWDED)

    assert Match.from_json(match.as_json()) == match
    for item in match.evidence:
        assert text[item.start : item.end] == item.text != ""


def test_random_pole_shapes_are_never_taken_for_another_pole() -> None:
    rng = random.Random(5)
    heads = [code.split("-")[0] for code in CODES.values()]
    for _ in range(3_000):
        region, last = rng.randint(1, 99), rng.randint(1, 9)
        code = f"{rng.choice(heads)}-{rng.choice(['P', '11', '30'])}-{region:02}-{last}-{rng.randint(1, 9)}"
        match = find(f"Отсутствует ВЭС {code}")
        assert match.pole_code in (None, code), code
