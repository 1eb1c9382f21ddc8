"""Header values as real programs write them."""

from datetime import UTC, datetime, timedelta

import pytest

from mailbox.parsing import Address, limits, parse
from mailbox.parsing.addresses import parse_addresses
from mailbox.parsing.charset import decode
from mailbox.parsing.encoded_words import decode_words
from mailbox.parsing.identifiers import message_id, message_ids, parse_date
from mailbox.parsing.parameters import parse_value
from mailbox.parsing.problems import Problems
from tests.mailbox.letters import problems

PHRASE = "Отсутствует внешнее электропитание на объекте"


def addresses(text: str) -> list[tuple[str, str]]:
    return [(found.email, found.name) for found in parse_addresses(text, "", Problems())]


@pytest.mark.parametrize("codec", ["utf-8", "cp1251", "koi8-r", "cp866", "iso8859-5"])
def test_russian_without_a_declared_alphabet_is_read(codec):
    assert decode(PHRASE.encode(codec))[0] == PHRASE


@pytest.mark.parametrize("codec", ["utf-8", "cp1251", "koi8-r", "cp866", "iso8859-5"])
@pytest.mark.parametrize("write", [str, str.upper, str.title])
def test_alarms_are_read_in_small_letters_and_in_capitals(codec, write):
    for words in (PHRASE, "Т2 Отсутствует ВЭС KI0075", "Отключение ЭП на БС №18972", "Авария по питанию, г. Киров"):
        assert decode(write(words).encode(codec, "ignore"))[0] == write(words).encode(codec, "ignore").decode(codec)


@pytest.mark.parametrize("declared", ["us-ascii", "iso-8859-1", "windows-1252", "x-unknown", "nonsense", "hex"])
def test_a_wrong_label_does_not_spoil_russian(declared):
    assert decode(PHRASE.encode("koi8-r"), declared)[0] == PHRASE
    assert decode(PHRASE.encode(), declared)[0] == PHRASE


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("win-1251", "cp1251"),
        ("CP-1251", "cp1251"),
        ("koi8r", "koi8-r"),
        ("uft-8", "utf-8"),
        ("x-mac-cyrillic", "mac_cyrillic"),
        ('"utf-8"', "utf-8"),
        ("windows-1251", "utf-8"),
    ],
)
def test_misspelled_and_mistaken_labels_are_understood(declared, codec):
    assert decode(PHRASE.encode(codec), declared)[0] == PHRASE


def test_utf8_cut_in_the_middle_of_a_character_is_utf8():
    assert decode("Юникод заголовок".encode()[:-1])[0] == "Юникод заголово\N{REPLACEMENT CHARACTER}"


def test_western_text_stays_western():
    assert decode("äöüß ad asd".encode("latin-1"), "iso-8859-1")[0] == "äöüß ad asd"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=?utf-8?B?0JDQktCg?=", "АВР"),
        ("Re: =?utf-8?B?0JDQktCg?=", "Re: АВР"),
        ("=?utf-8?B?0JDQktCg?= NT-1 =?utf-8?B?0JDQktCg?=", "АВР NT-1 АВР"),
        ("=?utf-8?B?0JDQ?= =?utf-8?B?ktCg?=", "АВР"),
        ("=?utf-8?B?0JDQktCg?=\t=?koi8-r?B?4efy?=", "АВРАГР"),
        ("=?utf-8?B?0JDQktCg", "АВР"),
        ("=?utf-8?Q?=D0=90 =D0=92_=D0=A0?=", "А В Р"),
        ("=?utf-8*ru?Q?=D0=90?=", "А"),
        ("=?utf-8?B??=", ""),
        ("=?nonsense?B?0JDQktCg?=", "АВР"),
        ("=?no word", "=?no word"),
    ],
)
def test_encoded_words_are_decoded_wherever_they_stand(text, expected):
    assert decode_words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a@b.example", [("a@b.example", "")]),
        ("Имя <a@b.example>, c@d.example", [("a@b.example", "Имя"), ("c@d.example", "")]),
        ("a@b.example (Имя)", [("a@b.example", "Имя")]),
        ('"Фамилия, Имя" <a@b.example>', [("a@b.example", "Фамилия, Имя")]),
        ("Фамилия, Имя <a@b.example>", [("a@b.example", "Фамилия, Имя")]),
        ("a@b.example; c@d.example", [("a@b.example", ""), ("c@d.example", "")]),
        ("Смена: a@b.example, c@d.example;", [("a@b.example", ""), ("c@d.example", "")]),
        ("undisclosed-recipients:;", []),
        ("<mailto:a@b.example>", [("a@b.example", "")]),
        ("'a@b.example' <a@b.example>", [("a@b.example", "")]),
        ("Имя <a@b.example", [("a@b.example", "Имя")]),
        ('"Имя <a@b.example>', [("a@b.example", "Имя")]),
        ("MAILER-DAEMON (Mail System)", [("MAILER-DAEMON", "Mail System")]),
        ("=?utf-8?Q?=D0=90,_=D0=92?= <a@b.example>", [("a@b.example", "А, В")]),
        ("Имя Фамилия", [("", "Имя Фамилия")]),
        ("", []),
    ],
)
def test_addresses_are_read_as_a_person_would(text, expected):
    assert addresses(text) == expected


def test_an_empty_from_is_filled_from_reply_to_and_reported():
    letter = parse("From: Имя <>\nReply-To: a@b.example\n\nx".encode())

    assert (letter.from_email, letter.from_name) == ("a@b.example", "Имя")
    assert "from-missing" in problems(letter)


def test_repeated_recipient_headers_add_up():
    assert parse(b"To: a@b.example\nTo: c@d.example\n\nx").to == (Address("a@b.example"), Address("c@d.example"))


def test_too_many_recipients_are_cut_and_reported():
    raw = b"To: " + b", ".join(b"u%d@x.example" % n for n in range(limits.RECIPIENTS + 1)) + b"\n\nx"

    assert len(parse(raw).to) == limits.RECIPIENTS
    assert "recipients-cut" in problems(parse(raw))


def test_an_endless_header_is_cut_and_reported():
    letter = parse(b"Subject: " + b"x" * (limits.HEADER_BYTES + 1) + b"\nFrom: a@b.example\n\nx")

    assert len(letter.subject) == limits.SUBJECT_CHARS
    assert letter.from_email == "a@b.example"
    assert "header-cut" in problems(letter)


def test_a_huge_header_does_not_hide_the_ones_behind_it():
    raw = b"X-Junk: " + b"x\n " * 2_000_000 + b"\nFrom: a@b.example\nSubject: KI0075\n\ntext"
    letter = parse(raw)

    assert (letter.from_email, letter.subject, letter.text) == ("a@b.example", "KI0075", "text")
    assert "header-cut" in problems(letter)


def test_endless_headers_are_cut_before_the_body():
    letter = parse(b"From: a@b.example\n" + b"X: y\n" * 1_000_000 + b"\ntext")

    assert (letter.from_email, letter.text) == ("a@b.example", "text")
    assert "headers-cut" in problems(letter)


def test_endless_references_keep_the_root_and_the_newest():
    ids = [f"<{n}@x.example>" for n in range(300)]
    letter = parse(f"References: {' '.join(ids)}\n\nx".encode())

    assert len(letter.references) == limits.REFERENCES
    assert (letter.references[0], letter.references[-1]) == (ids[0], ids[-1])
    assert "references-cut" in problems(letter)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a@b> <c@d>", ("<a@b>", "<c@d>")),
        ("<a@b>,<c@d>,<a@b>", ("<a@b>", "<c@d>")),
        ("<a@b><c@d>", ("<a@b>", "<c@d>")),
        ("a@b", ("<a@b>",)),
        ('Message of "Mon, 1 Jan" <a@b>', ("<a@b>",)),
        ("<long-id-\n folded@b>", ("<long-id-folded@b>",)),
        ("Mon, 1 Jan 2025", ()),
        ("", ()),
    ],
)
def test_ids_are_found_in_any_prose(text, expected):
    assert message_ids(text) == expected


def test_an_own_id_may_be_any_word():
    assert message_id("<[x@y]>") == "<[x@y]>"
    assert message_id("no-at-sign") == "<no-at-sign>"
    assert message_id("two words") == ""


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 12 May 2025 10:04:11 GMT",
        "12 May 2025 10:04:11 +0000",
        "Mon, 12 May 2025 13:04:11 +0300 (MSK)",
        "Mon, 12 May 2025 10:04:11 -0000",
        "Mon, 12 May 2025 10:04:11",
    ],
)
def test_dates_are_moments_with_a_zone(text):
    moment = parse_date(text)

    assert moment == datetime(2025, 5, 12, 10, 4, 11, tzinfo=UTC)
    assert moment is not None
    assert moment.utcoffset() in (timedelta(0), timedelta(hours=3))


@pytest.mark.parametrize("text", ["", "yesterday", "Mon, 32 May 2025 10:00:00 +0000", "1 Jan 0001 00:00:00 +0000"])
def test_no_date_is_invented(text):
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ('text/plain; charset="utf-8"', "charset", "utf-8"),
        ("text/plain; charset = utf-8 ;", "charset", "utf-8"),
        ('application/pdf; name="a;b.pdf"', "name", "a;b.pdf"),
        ('application/pdf; name="a\\"b.pdf"', "name", 'a"b.pdf'),
        ("attachment; filename*=koi8-r''%E1%CB%D4.pdf", "filename", "Акт.pdf"),
        ("attachment; filename*0=long; filename*1=-name.pdf", "filename", "long-name.pdf"),
        ("attachment; filename*1=b; filename*0=a", "filename", "ab"),
        ("attachment; filename=plain.pdf; filename*=utf-8''%D0%90.pdf", "filename", "А.pdf"),
        ("attachment; filename==?utf-8?B?0JA=?=.pdf", "filename", "А.pdf"),
        ("attachment; filename=Акт выезда.pdf", "filename", "Акт выезда.pdf"),
    ],
)
def test_parameters_are_read_in_every_notation(text, name, expected):
    assert parse_value(text).params[name] == expected
