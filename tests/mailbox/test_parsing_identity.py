"""One letter delivered twice, and subjects without their prefixes."""

import pytest

from mailbox.parsing import content_key, parse, strip_prefixes, synthesized_id
from tests.mailbox.letters import raw


def test_two_deliveries_of_one_letter_agree():
    letter = raw("outlook_reply_below_rule")
    relayed = b"Received: from a by b\r\nX-Spam: no\r\n" + letter.replace(b"\r\n", b"\n")

    assert content_key(parse(letter)) == content_key(parse(relayed))


@pytest.mark.parametrize(
    ("part", "other"),
    [("Бригада", "Команда"), ("NT-163341", "NT-163342"), ("avr@stroy", "avr@chuzhoy"), ("09:00", "09:01")],
)
def test_another_letter_under_the_same_message_id_differs(part, other):
    letter = raw("outlook_reply_below_rule")

    assert content_key(parse(letter)) != content_key(parse(letter.replace(part.encode(), other.encode(), 1)))


def test_another_attachment_under_the_same_message_id_differs():
    letter = raw("attachment_names_of_all_kinds")

    assert content_key(parse(letter)) != content_key(parse(letter.replace(b"fifth", b"sixth")))


def test_a_missing_id_is_made_of_the_content():
    assert synthesized_id("ab12") == "<ab12@missing.local>"


@pytest.mark.parametrize(
    "subject",
    [
        "Re: ВЭС",
        "RE: FW: Re[2]: ВЭС",
        "Fwd: Отв: ВЭС",
        "НА: Пересл: ВЭС",
        "HA: ВЭС",
        "Ответ: ПЕР: Вн: ВЭС",
        "AW: WG: Antw: SV: TR: ВЭС",
        "re(3):ВЭС",
        "FWD:ВЭС",
        "ВЭС",
    ],
)
def test_prefixes_are_stripped_however_many(subject):
    assert strip_prefixes(subject) == "ВЭС"


@pytest.mark.parametrize("subject", ["На объекте нет питания", "Ответ по заявке", "Перенос работ: 12 мая", "RE-0075"])
def test_words_that_begin_like_prefixes_stay(subject):
    assert strip_prefixes(subject) == subject
