"""demo.letters, demo.answers: letters of every shape, readable by the standard library, repeatable."""

import random
import re
import zipfile
from collections import Counter
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest

from demo import answers, attachments, disguise, letters, odd_shapes, registry, shapes
from demo.letters import Letter

REGISTRY = registry.build()
NOW = datetime(2026, 8, 4, 9, 30, tzinfo=ZoneInfo("Europe/Moscow"))
SHAPES = [write for _, write, _ in letters.OPENINGS]


def opening(shape: shapes.Shape, seed: int = 1) -> Letter:
    return letters.opening(random.Random(seed), REGISTRY, NOW, shape=shape)


def subject(letter: Letter) -> str:
    return str(make_header(decode_header(message_from_bytes(letter.raw)["Subject"])))


def texts(message: Message) -> list[str]:
    parts = [part for part in message.walk() if part.get_content_maintype() == "text"]
    return [part.get_payload(decode=True).decode(part.get_content_charset() or "ascii") for part in parts]  # type: ignore[union-attr]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_letter_of_every_shape_is_read_by_the_standard_library(shape: shapes.Shape) -> None:
    for seed in range(20):
        letter = opening(shape, seed)
        message = message_from_bytes(letter.raw)
        assert not any(part.defects for part in message.walk())
        assert subject(letter) == letter.draft.subject
        assert parsedate_to_datetime(message["Date"]) == NOW
        assert all("\ufffd" not in text for text in texts(message))
        assert b"\n" not in letter.raw.replace(b"\r\n", b"")


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_the_same_seed_writes_the_same_bytes(shape: shapes.Shape) -> None:
    assert opening(shape, 7).raw == opening(shape, 7).raw
    assert opening(shape, 7).raw != opening(shape, 8).raw


@pytest.mark.parametrize(
    ("shape", "pattern"),
    [
        (shapes.t2_power, r"^Т2 Отсутствует ВЭС [A-Z]{2}\d{4}/\S+$"),
        (shapes.t2_two_numbers, r"^Т2 Отсутствует ВЭС [A-Z]{2}\d{4}/ \d"),
        (shapes.outside_request_forwarded, r"^FWD:Заявка внешнего контрагента \d\d-\d{3,5}$"),
        (shapes.outside_request, r"^Заявка внешнего контрагента PL_\d\d_\d{5} \(опора \S+\)$"),
        (shapes.megafon_form, r"^Отключение ВЭС на площадке \d\d-\d+ БС .+ ПАО МегаФон$"),
        (shapes.megafon_short, r"^АВР ВЭС \d\d-\d+ [A-Z]{2}-"),
        (shapes.beeline_power, r"^Отключение ЭП на БС \d{5}$"),
        (shapes.object_request, r"^Заявка по объекту: \d\d-\d+ / \S+$"),
        (odd_shapes.forwarded_and_cut, r"^FW: Отсутствие ВЭС с 0\d\.08\.2026 г\. на позиции - АМС, \d{5}.*\.\.\.$"),
        (shapes.metering, r"^\S+ АСКУЭ$"),
        (odd_shapes.place_without_number, r"^\D+$"),
    ],
)
def test_subjects_have_the_shapes_operators_use(shape: shapes.Shape, pattern: str) -> None:
    for seed in range(20):
        assert re.match(pattern, opening(shape, seed).draft.subject), opening(shape, seed).draft.subject


def test_all_charsets_and_encodings_occur() -> None:
    rng, seen = random.Random(3), Counter[str]()
    for _ in range(300):
        for part in message_from_bytes(letters.opening(rng, REGISTRY, NOW).raw).walk():
            if part.get_content_maintype() == "text":
                seen[f"{part.get_content_charset()} {part['Content-Transfer-Encoding']}"] += 1
    for wanted in ("utf-8 base64", "koi8-r 8bit", "koi8-r quoted-printable", "windows-1251 quoted-printable",
                   "windows-1251 8bit"):  # fmt: skip
        assert seen[wanted], seen


def test_every_disguise_occurs_and_differs_from_the_code() -> None:
    for disguised in disguise.DISGUISES:
        assert disguised(random.Random(1), "41960-P-43-1-1") != "41960-P-43-1-1"
    assert disguise.lookalikes(random.Random(1), "41960-P-43") == "41960-Р-43"
    assert disguise.cut("67498-11-23-1-1") == "67498-11-2..."
    assert disguise.padded("23-2598") == "23-02598"
    assert disguise.underscored("77-23966") == "PL_77_23966"
    assert disguise.short_t2("KA000595") == "KA0595"
    assert disguise.short_t2("KI0075") == "KI0075"


def test_a_letter_that_names_its_site_names_the_right_one() -> None:
    rng, named = random.Random(4), 0
    for _ in range(400):
        letter = letters.opening(rng, REGISTRY, NOW)
        if letter.draft.pole is not None:
            assert letter.draft.pole == letter.site
            named += 1
    assert 300 < named < 400


def test_busy_sites_are_left_alone() -> None:
    rng = random.Random(5)
    busy = {pole.code for pole in REGISTRY.poles[: len(REGISTRY.poles) // 2]}
    assert all(letters.opening(rng, REGISTRY, NOW, busy=busy).site not in busy for _ in range(50))


# --- what follows


def test_answers_of_all_sides_refer_to_the_letter_answered() -> None:
    rng, first = random.Random(6), opening(shapes.t2_power)
    contractor = answers.from_contractor(rng, REGISTRY, first, NOW)
    for answer in (answers.from_operator(rng, first, NOW), answers.from_desk(rng, first, NOW), contractor):
        assert answer is not None
        message = message_from_bytes(answer.raw)
        assert message["In-Reply-To"] == first.draft.message_id
        assert first.draft.message_id in message["References"]
        assert message["Message-ID"] != first.draft.message_id
        assert subject(answer).startswith("Re: Т2 Отсутствует ВЭС")


def test_an_answer_to_an_answer_carries_the_whole_chain() -> None:
    rng, first = random.Random(6), opening(shapes.t2_power)
    second = answers.from_desk(rng, first, NOW)
    third = message_from_bytes(answers.from_operator(rng, second, NOW).raw)
    assert third["References"].split() == [first.draft.message_id, second.draft.message_id]


def test_a_desk_answer_can_carry_the_incident_code_once() -> None:
    first = opening(shapes.beeline_power)
    answer = answers.from_desk(random.Random(1), first, NOW, code="NT-100123")
    assert subject(answer) == f"Re: NT-100123: {first.draft.subject}"


def test_the_closing_notice_is_a_new_letter_about_the_same_site() -> None:
    first = opening(shapes.t2_power)
    notice = answers.power_is_back(random.Random(1), first, NOW)
    message = message_from_bytes(notice.raw)
    assert subject(notice) == f"{first.draft.subject} (Закрыто)"
    assert "In-Reply-To" not in message
    assert message["Message-ID"] != first.draft.message_id


def test_a_machine_answers_as_machines_do() -> None:
    away = message_from_bytes(answers.out_of_office(random.Random(1), opening(shapes.t2_power), NOW).raw)
    assert away["Auto-Submitted"] == "auto-replied"


def test_a_bounce_reports_the_desks_own_letter() -> None:
    sent = answers.from_desk(random.Random(1), opening(shapes.t2_power), NOW)
    bounce = message_from_bytes(answers.bounce(random.Random(2), sent, NOW).raw)
    assert bounce.get_content_type() == "multipart/report"
    assert [part.get_content_type() for part in bounce.get_payload()] == [  # type: ignore[union-attr]
        "text/plain", "message/delivery-status", "text/rfc822-headers",
    ]  # fmt: skip
    assert sent.draft.message_id in bounce.as_string()


# --- attachments


def test_attachments_arrive_whole_under_their_russian_names() -> None:
    message = message_from_bytes(opening(odd_shapes.fibre_break).raw)
    (file,) = [part for part in message.walk() if part.get_content_disposition() == "attachment"]
    assert file.get_filename() == "Перечень позиций.xlsx"
    content = file.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert zipfile.ZipFile(BytesIO(content)).testzip() is None


def test_a_pdf_points_to_its_own_table_of_places() -> None:
    content = attachments.pdf("a.pdf", "Site 41960-P-43 (1)").content
    place = int(re.findall(rb"startxref\n(\d+)", content)[0])
    assert content[place:].startswith(b"xref")
    for number, offset in enumerate(re.findall(rb"(\d{10}) 00000 n", content), start=1):
        assert content[int(offset) :].startswith(b"%d 0 obj" % number)


def test_a_photo_is_a_baseline_jpeg() -> None:
    content = attachments.photo("a.jpg", random.Random(1)).content
    assert content.startswith(b"\xff\xd8\xff\xe0")
    assert content.endswith(b"\xff\xd9")
    assert content[content.index(b"\xff\xc0") + 5 :].startswith((240).to_bytes(2, "big") + (320).to_bytes(2, "big"))
