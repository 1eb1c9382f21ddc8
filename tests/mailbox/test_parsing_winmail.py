"""winmail.dat: unpacked when whole, kept as one file when not."""

import base64
import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailbox.parsing import ParsedEmail, parse
from mailbox.parsing.rtf import decompress, read_rtf
from mailbox.parsing.tnef import read_tnef
from tests.mailbox import winmail as w
from tests.mailbox.letters import problems

# The two samples of MS-OXRTFCP 4.1 and 4.2.
PLAIN_RTF = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
)
REPEATED_RTF = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
PURE = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def letter(blob: bytes, body: str = "") -> ParsedEmail:
    """A letter with this winmail.dat and, perhaps, a text of its own."""
    lines = [
        'From: a@b.example\nContent-Type: multipart/mixed; boundary="b"\n\n--b',
        f"Content-Type: text/plain; charset=utf-8\n\n{body}\n--b",
        'Content-Type: application/ms-tnef; name="winmail.dat"',
        f"Content-Transfer-Encoding: base64\n\n{base64.encodebytes(blob).decode()}\n--b--\n",
    ]
    return parse("\n".join(lines).encode())


def test_its_files_are_attachments_of_the_letter():
    act = w.file(w.text(w.LONG_NAME, "Акт выезда.pdf"), w.text(w.MIME_TYPE, "application/pdf"), content=b"%PDF act")
    parsed = letter(w.tnef(act, w.file(title="схема.png".encode("cp1251"), content=b"PNG")), "Во вложении акт.")

    assert [(file.name, file.content, file.size) for file in parsed.attachments] == [
        ("Акт выезда.pdf", b"%PDF act", 8),
        ("схема.png", b"PNG", 3),
    ]
    assert parsed.attachments[0].content_type == "application/pdf"
    assert parsed.attachments[0].sha256 == hashlib.sha256(b"%PDF act").hexdigest()
    assert parsed.text == "Во вложении акт."


def test_data_may_lie_in_the_properties_of_a_file():
    parsed = letter(w.tnef(w.file(w.text(w.LONG_NAME, "a.bin"), w.binary(w.DATA, b"12345"), w.named("x", "y"))))

    assert [(file.name, file.content) for file in parsed.attachments] == [("a.bin", b"12345")]


def test_a_letter_attached_to_it_gives_its_files():
    inner = w.tnef(w.file(w.text(w.LONG_NAME, "inner.pdf"), content=b"inner"))
    parsed = letter(w.tnef(w.file(w.text(w.LONG_NAME, "Заявка"), w.long(w.METHOD, 5), w.letter_object(inner))))

    assert [(file.name, file.content) for file in parsed.attachments] == [("inner.pdf", b"inner")]


WORDS = "Нет питания на БС 18972."
RTF = rb"{\rtf1\ansi\ansicpg1251 " + WORDS.encode("cp1251")
HTML_IN_RTF = (
    rb"{\rtf1\ansi\ansicpg1251\fromhtml1 {\*\htmltag <p>}"
    + WORDS.encode("cp1251")
    + rb"\htmlrtf\par\htmlrtf0{\*\htmltag </p>}}"
)


@pytest.mark.parametrize(
    "body",
    [
        w.text(w.BODY, WORDS),
        w.binary(w.BODY_HTML, f"<p>{WORDS}</p>".encode()),
        w.binary(w.RTF, w.packed(RTF + rb"\par}")),
        w.binary(w.RTF, w.packed(HTML_IN_RTF)),
    ],
    ids=["text", "html", "rich text", "html in rich text"],
)  # fmt: skip
def test_its_body_is_read_when_the_letter_has_no_other(body):
    blob = w.tnef(w.codepage(1251), w.message(body))

    assert letter(blob).text == WORDS
    assert letter(blob).reply_text == WORDS
    assert letter(blob, "Свой текст").text == "Свой текст"
    assert letter(blob).attachments == ()


def test_the_html_of_it_is_shown_clean_and_its_pictures_are_inline():
    html = b'<p>x</p><script>alert(1)</script><img src="cid:p1">'
    picture = w.file(w.text(w.LONG_NAME, "p.png"), w.text(w.CONTENT_ID, "p1"), content=b"PNG")
    parsed = letter(w.tnef(w.message(w.binary(w.BODY_HTML, html)), picture))

    assert "script" not in parsed.safe_html
    assert 'src="cid:p1"' in parsed.safe_html
    assert [file.inline for file in parsed.attachments] == [True]


def test_a_damaged_one_stays_a_file_and_is_reported():
    whole = w.tnef(w.file(w.text(w.LONG_NAME, "a.bin"), content=b"12345"))
    for blob in (
        whole[:-1] + b"\x00",
        whole[:-9],
        b"\x89PNG\r\n",
        b"",
        whole.replace(b"\x02\x02\x90", b"\x07\x02\x90"),
    ):
        parsed = letter(blob, "x")
        assert [file.name for file in parsed.attachments] == ["winmail.dat"]
        assert "winmail-damaged" in problems(parsed)
        assert parsed.attachments[0].content == blob


def test_no_length_in_it_is_believed():
    text = w.message(w.text(w.BODY, "x"))
    for at in range(len(text)):
        broken = bytearray(text)
        broken[at : at + 4] = b"\xff\xff\xff\x7f"
        read_tnef(w.tnef(bytes(broken)))
    # A list that claims many values of no size.
    endless = (0x1001).to_bytes(4, "little") + (9_999).to_bytes(4, "little")
    assert read_tnef(w.tnef(w.message(*[endless] * 4_000))) is None


@PURE
@given(st.binary(max_size=300))
def test_any_bytes_behind_the_signature_are_survived(data):
    read_tnef(w.tnef(data))
    read_tnef(w.tnef(w.message(w.binary(w.RTF, data))))
    decompress(data)


@PURE
@given(st.lists(st.sampled_from([rb"{", rb"}", rb"\par", rb"\u1055?", rb"\'cf", rb"\uc3", rb"\*", rb"\fonttbl", rb"\f1",
    rb"\fcharset204", rb"\fromhtml1", rb"\htmlrtf", rb"\htmlrtf0", rb"\htmltag1 ", rb"\ansicpg1251", rb"\u-99999",
    b"x ", b"\\", b"\xff", b"\n"]), max_size=60).map(b"".join))  # fmt: skip
def test_any_jumble_of_rich_text_is_survived(rtf):
    read_rtf(rtf)


def test_rich_text_is_unpacked_as_its_specification_shows():
    assert decompress(PLAIN_RTF) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert decompress(REPEATED_RTF) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    assert decompress(w.packed(b"{\\rtf1 x}", kind=b"MELA")) == b"{\\rtf1 x}"
    assert decompress(b"nonsense") is None


@pytest.mark.parametrize(
    ("rtf", "text"),
    [
        (rb"{\rtf1\ansi\ansicpg1251 \'cd\'e5\'f2}", "Нет"),
        (rb"{\rtf1{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 A;}}\f1\'cd\'e5\'f2\f0  KI0075}", "Нет KI0075"),
        (rb"{\rtf1\ansi\uc1 \u1053?\u1077?\u1090?}", "Нет"),
        (rb"{\rtf1 a\tab b\par c\line d}", "a\tb\nc\nd"),
        (rb"{\rtf1{\*\generator Word;}{\info{\author X}}a\{b\}}", "a{b}"),
        (rb"{\rtf1\ansi\ansicpg932 \'93\'fa}", "日"),
        (rb"no rich text", "no rich text"),
    ],
)  # fmt: skip
def test_rich_text_becomes_plain_text(rtf, text):
    assert read_rtf(rtf) == (text, "")
