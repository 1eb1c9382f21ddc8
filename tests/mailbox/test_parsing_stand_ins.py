"""Letters without a text of their own: invitations, letters passed on as files; and letters that are protected."""

import base64

import pytest

from mailbox.parsing import parse
from mailbox.parsing.calendar import event_text
from tests.mailbox.letters import problems, read

EVENT = """BEGIN:VCALENDAR\r
METHOD:REQUEST\r
BEGIN:VTIMEZONE\r
TZID:Moscow\r
BEGIN:STANDARD\r
DTSTART:16010101T000000\r
END:STANDARD\r
END:VTIMEZONE\r
BEGIN:VEVENT\r
SUMMARY;LANGUAGE=ru:Плановое отключение ВЭС\\, БС 18\r
 972\r
DTSTART;TZID=Moscow:20260512T100000\r
DTEND;TZID=Moscow:20260512T123000\r
LOCATION:Киров\\, ул. Мира\\, 30\r
ORGANIZER;CN="Дежурный: NOC":mailto:noc@operator.example\r
DESCRIPTION:Бригада на месте.\\nДоступ открыт.\r
BEGIN:VALARM\r
DESCRIPTION:Reminder\r
END:VALARM\r
END:VEVENT\r
END:VCALENDAR\r
"""
IN_WORDS = (
    "Плановое отключение ВЭС, БС 18972\n12.05.2026 10:00 – 12:30 (Moscow)\nКиров, ул. Мира, 30\n"
    "Дежурный: NOC <noc@operator.example>\n\nБригада на месте.\nДоступ открыт."
)
INNER = (
    "From: =?utf-8?B?0J3QntCm?= <noc@operator.example>\r\nTo: a@b.example\r\nSubject: KI0075\r\n"
    "Content-Type: text/plain; charset=koi8-r\r\n\r\nНет питания на БС 18972.\r\n"
).encode("koi8-r")


def mixed(*parts: bytes, subtype: bytes = b"mixed") -> bytes:
    head = b"From: b@contractor.example\nSubject: FW\nContent-Type: multipart/%s; boundary=b\n\n" % subtype
    return head + b"".join(b"--b\n" + part + b"\n" for part in parts) + b"--b--\n"


def calendar(text: str = EVENT) -> bytes:
    return b"Content-Type: text/calendar; method=REQUEST\n\n" + text.encode()


def test_an_invitation_is_readable_and_stays_a_file():
    for raw in (b"From: a@b.example\n" + calendar(), mixed(calendar()), mixed(calendar(), subtype=b"alternative")):
        letter = parse(raw)
        assert letter.text == IN_WORDS
        assert letter.reply_text == IN_WORDS
        assert [file.name for file in letter.attachments] == ["part-1.ics"]


def test_an_invitation_beside_a_text_is_only_a_file():
    letter = parse(mixed(b"Content-Type: text/plain\n\nText", calendar(), subtype=b"alternative"))

    assert letter.text == "Text"
    assert [file.content_type for file in letter.attachments] == ["text/calendar"]


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        ("DTSTART:20260512T100000Z\nDTEND:20260513T110000Z", "12.05.2026 10:00 – 13.05.2026 11:00 (UTC)"),
        ("DTSTART;VALUE=DATE:20260512\nDTEND;VALUE=DATE:20260513", "12.05.2026"),
        ("DTSTART;VALUE=DATE:20260512\nDTEND;VALUE=DATE:20260514", "12.05.2026 – 13.05.2026"),
        ("DTSTART;VALUE=DATE:20269912", "12.99.2026"),
        ("DTEND:20260512T100000", "12.05.2026 10:00"),
        ("DTSTART:20260512T100000", "12.05.2026 10:00"),
        ("DTSTART:nonsense", ""),
    ],
)
def test_when_something_happens_is_told_as_it_is_written(dates, words):
    assert event_text(f"BEGIN:VEVENT\n{dates}\nEND:VEVENT\n") == words


@pytest.mark.parametrize("text", ["", "BEGIN:VCALENDAR\nEND:VCALENDAR", "BEGIN:VEVENT\nSUMMARY:cut", "no calendar"])
def test_what_is_no_invitation_is_not_made_one(text):
    assert event_text(text) == ""


def test_a_letter_passed_on_as_a_file_is_read_as_quoted_text():
    letter = parse(mixed(b"Content-Type: message/rfc822\n\n" + INNER))

    assert (
        letter.text == "From: НОЦ <noc@operator.example>\nTo: a@b.example\nSubject: KI0075\n\nНет питания на БС 18972."
    )
    assert (letter.reply_text, letter.quoted_text) == ("", letter.text)
    assert [(file.name, file.content_type) for file in letter.attachments] == [("KI0075.eml", "message/rfc822")]
    assert letter.attachments[0].content == INNER


@pytest.mark.parametrize("blank", ["", "<div><br></div>", "<head><style>p {}</style></head><!-- x --><p>&nbsp;</p>"])
def test_a_page_that_shows_nothing_is_no_text_of_its_own(blank):
    page = b"Content-Type: text/html\n\n" + blank.encode()

    assert "БС 18972" in parse(mixed(page, b"Content-Type: message/rfc822\n\n" + INNER)).text


def test_a_letter_of_blanks_has_no_text():
    assert parse(b"From: a@b.example\n\n \t\n\n ").text == ""


def test_words_of_his_own_come_first_when_the_sender_has_some():
    letter = parse(mixed(b"\nSee the file.", b"Content-Type: message/rfc822\n\n" + INNER))

    assert (letter.text, letter.quoted_text) == ("See the file.", "")


def test_a_bounce_inside_a_letter_passed_on_makes_it_no_bounce():
    letter = parse(mixed(b"Content-Type: message/rfc822\n\nFrom: mailer-daemon@x\nSubject: failure notice\n\nx"))

    assert letter.kind == "human"


def test_letters_within_letters_are_opened_only_so_far():
    raw = b"Content-Type: message/rfc822\n\n" * 50 + INNER

    assert parse(raw).text == ""
    assert "БС 18972" in parse(raw[-len(INNER) - 60 :]).text


def test_different_plain_alternatives_are_all_shown():
    parts = [b"Content-Type: text/plain\n\n" + words for words in (b"one", b"two", b"one")]

    assert parse(mixed(*parts, subtype=b"alternative")).text == "one\n\ntwo"


def test_lesser_forms_of_the_same_words_are_no_files():
    parts = [b"Content-Type: text/enriched\n\n<bold>x</bold>", b"Content-Type: text/x-amp-html\n\nx"]

    letter = parse(mixed(b"Content-Type: text/plain\n\nx", *parts, subtype=b"alternative"))

    assert (letter.text, letter.attachments) == ("x", ())


SIGNED_PGP = b'Content-Type: multipart/signed; boundary=b; protocol="application/pgp-signature"\n\n--b\n\nx\n--b--\n'
ENCRYPTED_PGP = b"Content-Type: multipart/encrypted; boundary=b\n\n--b\n\nVersion: 1\n--b\n\nx\n--b--\n"
# ContentInfo with the identifier of SignedData, of EnvelopedData and of AuthEnvelopedData.
CMS_SIGNED = bytes.fromhex("3080060 92a864886f70d010702a0800000".replace(" ", ""))
CMS_ENVELOPED = bytes.fromhex("3080060 92a864886f70d010703a0800000".replace(" ", ""))
CMS_AUTH = bytes.fromhex("3080060b2a864886f70d0109100117a0800000")


def cms(data: bytes, parameters: bytes = b"", kind: bytes = b"application/pkcs7-mime") -> bytes:
    head = b"Content-Type: %s%s\nContent-Transfer-Encoding: base64\n\n" % (kind, parameters)
    return head + base64.encodebytes(data)


@pytest.mark.parametrize(
    ("raw", "security"),
    [
        (b"\nx", ""),
        (SIGNED_PGP, "signed"),
        (SIGNED_PGP.replace(b"pgp-signature", b"x-unknown"), ""),
        (ENCRYPTED_PGP, "encrypted"),
        (b"\n-----BEGIN PGP MESSAGE-----\nabc", "encrypted"),
        (b"\n-----BEGIN PGP SIGNED MESSAGE-----\nabc", "signed"),
        (b"\nHe wrote -----BEGIN PGP MESSAGE----- once", ""),
        (cms(CMS_SIGNED), "signed"),
        (cms(CMS_ENVELOPED), "encrypted"),
        (cms(CMS_AUTH, b"; smime-type=authEnveloped-data"), "encrypted"),
        (cms(CMS_ENVELOPED, b'; name="smime.p7m"', b"application/octet-stream"), "encrypted"),
        (cms(b"x", b"; smime-type=signed-data"), "signed"),
        (cms(b"x", b"; smime-type=certs-only"), ""),
    ],
)
def test_a_letter_says_how_it_is_protected(raw, security):
    letter = parse(b"From: a@b.example\n" + raw)

    assert letter.security == security
    assert ("encrypted" in problems(letter)) == (security == "encrypted")


def test_our_samples_of_signed_letters_are_signed():
    assert read("smime_clear_signed").security == "signed"
    assert read("smime_opaque_signed").security == "signed"


NOTICE = """From: Microsoft Exchange Server 2010\r
To: desk@towers.example\r
Subject: Retrieval using the IMAP4 protocol failed for the following\r
 message: 20004\r
Content-Type: text/plain; charset="us-ascii"\r
Content-Transfer-Encoding: quoted-printable\r
\r
The server couldn't retrieve the following message:\r
\r
Subject: "KI0075"\r
From: "NOC" ("noc@operator.example")\r
Sent date: 1/29/2016 2:00:00 PM\r
\r
The message hasn't been deleted. You might be able to view it using either =\r
Outlook or Outlook Web App.\r
"""


def test_a_notice_that_a_server_puts_in_the_place_of_a_letter_is_told():
    assert "substitute" in problems(parse(NOTICE.encode()))
    assert "substitute" in problems(parse(NOTICE.replace("couldn't", "could not").encode()))


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        ("From: Microsoft Exchange Server 2010", "From: NOC <noc@operator.example>"),
        ("Subject: Retrieval", "Subject: Fwd: Retrieval"),
        ("The server couldn't retrieve the following message:", "Please look:"),
    ],
)
def test_a_person_who_passes_such_a_notice_on_is_no_notice(words, instead):
    assert "substitute" not in problems(parse(NOTICE.replace(words, instead).encode()))
