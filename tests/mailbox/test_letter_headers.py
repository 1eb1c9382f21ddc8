"""Headers of our letters, as the standard library and our own reader read them back."""

from __future__ import annotations

from email import message_from_bytes
from email.headerregistry import Address
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbox import letter_headers
from mailbox.letter_headers import Person, WrongAddress, answer_subject, file_name, references
from mailbox.parsing import parse
from tests.factories import NOW, make_email

WORDS = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from('\r\n\t "\\<>,;:()[]=?Ж\u202e\u00ad')), max_size=150
)


@pytest.mark.parametrize(
    "subject",
    [
        "Т2 Отсутствует ВЭС KI0075",
        "Re: Т2 Отсутствует ВЭС KI0075",
        "RE: Отв: NT-100001: Т2 Отсутствует ВЭС KI0075",
        "Отв[2]: Пересл: HA: Fwd: Т2 Отсутствует ВЭС KI0075",
        "NT-100001: Re: NT-100001: Т2 Отсутствует ВЭС KI0075",
        "Re: [NT-100001] Т2 Отсутствует ВЭС KI0075",
        "Fwd: nt–100001 : NT-99: Т2 Отсутствует ВЭС KI0075",
        "Re: NТ-100001: Т2 Отсутствует ВЭС KI0075",
        "Re: NT-100001-K7Q2AB: Т2 Отсутствует ВЭС KI0075",
        "Т2 Отсутствует ВЭС KI0075 (NT-100001)",
        "Т2 Отсутствует NT-100001 ВЭС KI0075",
    ],
)
def test_one_prefix_and_one_code_stand_before_the_subject(subject: str) -> None:
    assert answer_subject("NT-100001", subject) == "Re: NT-100001: Т2 Отсутствует ВЭС KI0075"


@pytest.mark.parametrize("theirs", ["[#48151]", "INC-000123", "NT-9-P-1", "INT-7", "Ticket#2026112310000012"])
def test_what_is_not_a_code_of_ours_stays(theirs: str) -> None:
    assert answer_subject("NT-100001", f"Re: {theirs} Авария") == f"Re: NT-100001: {theirs} Авария"


def test_a_subject_of_nothing_but_marks_leaves_the_code() -> None:
    assert answer_subject("NT-100001", "Re: NT-100001:") == "Re: NT-100001"


def test_a_subject_without_end_is_cut_and_says_so() -> None:
    ours = answer_subject("NT-100001", "Авария " * 100)

    assert len(ours) < 220
    assert ours.endswith("…")


@given(st.text(alphabet=st.sampled_from("RrEe: NTntНТ-1234[]().–Отвавария\r\n"), max_size=300))
def test_answering_an_answer_changes_no_subject(subject: str) -> None:
    once = answer_subject("NT-100001", subject)

    assert answer_subject("NT-100001", once) == once


@given(WORDS)
def test_any_subject_is_read_back_as_it_was_meant(subject: str) -> None:
    line = letter_headers.text_header("Subject", subject)
    raw = line.encode("ascii") + b"\r\n\r\n"

    assert parse(raw).subject == letter_headers.one_line(subject)
    assert message_from_bytes(raw, policy=default)["Subject"] == letter_headers.one_line(subject)
    assert list(message_from_bytes(raw)) == ["Subject"]


def test_a_long_russian_subject_is_folded_into_words_of_whole_characters() -> None:
    line = letter_headers.text_header("Subject", "Re: NT-100001: Отсутствует внешнее электроснабжение на площадке " * 3)

    assert line.startswith("Subject: Re: NT-100001:\r\n =?utf-8?B?")
    assert all(len(each) <= 76 for each in line.split("\r\n"))
    for word in line.split()[3:]:
        assert word.startswith("=?utf-8?B?")
        assert "\ufffd" not in str(message_from_bytes(f"Subject: {word}\r\n\r\n".encode(), policy=default)["Subject"])


@given(st.lists(st.tuples(WORDS, st.sampled_from(["a@x.example", "b.c+d@y.example", "o'x@z-1.example"])), min_size=1))
def test_any_names_beside_addresses_are_read_back_as_people(people: list[tuple[str, str]]) -> None:
    line = letter_headers.people_header("To", [Person(*each) for each in people])
    raw = line.encode("ascii") + b"\r\n\r\n"
    meant = [letter_headers.one_line(name)[: letter_headers.LONGEST_NAME].strip() for name, _ in people]

    read = message_from_bytes(raw, policy=default)
    assert list(read.keys()) == ["To"]
    assert [each.addr_spec for each in read["To"].addresses] == [address for _, address in people]
    # The standard library puts spaces between the words of one name.
    shown = [each.display_name for each in read["To"].addresses]
    assert [each.replace(" ", "") for each in shown] == [each.replace(" ", "") for each in meant]
    assert [each.email for each in parse(raw).to] == [address for _, address in people]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "noc",
        "a@b@c.example",
        "a b@c.example",
        "a@c.example\r\nBcc: x@y.example",
        "a@c.example,x@y.example",
        "<a@c.example>",
        "почта@c.example",
        f"{'a' * 250}@c.example",
        "a@c.example\x00",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    assert not letter_headers.is_address(address)
    with pytest.raises(WrongAddress):
        letter_headers.people_header("To", [Person("", address)])


def test_names_need_no_more_quotes_than_they_need() -> None:
    people = [Person("NOC shift 2", "noc@operator.example"), Person('Ivanov, "Night"', "i@operator.example")]

    line = letter_headers.people_header("To", people)

    assert line == 'To: NOC shift 2 <noc@operator.example>, "Ivanov, \\"Night\\""\r\n <i@operator.example>'
    assert Address("x", addr_spec="noc@operator.example").addr_spec in line


@given(WORDS)
def test_any_name_of_a_file_is_read_back(name: str) -> None:
    lines = "\r\n".join(letter_headers.file_headers(name, "application/pdf"))
    raw = f"{lines}\r\n\r\n".encode("ascii")

    assert message_from_bytes(raw, policy=default).get_filename() == file_name(name)
    assert message_from_bytes(raw, policy=default).get_content_type() == "application/pdf"
    assert len(message_from_bytes(raw).keys()) == 2
    assert all(len(line) <= 80 for line in lines.split("\r\n"))


def test_a_name_in_russian_is_written_for_new_and_for_old_programs() -> None:
    kind, place = letter_headers.file_headers("Акт обследования опоры.pdf", "application/pdf")

    assert kind.startswith('Content-Type: application/pdf;\r\n name="=?utf-8?B?')
    assert "filename*0*=utf-8''%D0%90" in place


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("", "file"),
        ("a\r\nb.pdf", "a b.pdf"),
        ("акт\u202efdp.exe", "акт fdp.exe"),
        ("а" * 300 + ".pdf", "а" * 115 + "….pdf"),
    ],
)
def test_names_of_files_lead_nowhere_and_keep_their_end(given: str, clean: str) -> None:
    assert file_name(given) == clean


def test_the_date_is_in_the_desks_own_time() -> None:
    assert letter_headers.date_header(NOW) == "Date: Tue, 18 Aug 2026 15:00:00 +0300"


@pytest.mark.django_db
def test_without_references_the_thread_is_known_by_what_was_answered() -> None:
    assert references(make_email(message_id="<2@x.example>", in_reply_to=["<1@x.example>"])) == [
        "<1@x.example>",
        "<2@x.example>",
    ]


def test_ids_are_our_own_and_never_the_same() -> None:
    ids = {letter_headers.new_message_id("desk@towers.example") for _ in range(100)}

    assert len(ids) == 100
    assert all(each.endswith("@towers.example>") for each in ids)
