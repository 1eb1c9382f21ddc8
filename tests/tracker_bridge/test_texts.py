"""Letters and notes as comments over there: whose words, to whom, with which files; and words that do nothing."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from incidents.models import Comment
from mailbox.models import Email
from tests.factories import NOW
from tracker_bridge import texts

# What ends fences, calls people, runs templates or formats.
WILD = st.text(alphabet="`~\n @{}%#*_[]()<>\\|-ая1", max_size=200)


def email(**over: object) -> Email:
    facts: dict[str, object] = {
        "direction": Email.Direction.IN,
        "subject": "Отсутствует ВЭС",
        "from_name": "Дежурный",
        "from_email": "noc@operator.example",
        "to": [{"name": "Диспетчер", "email": "desk@towers.example"}],
        "cc": [{"name": "", "email": "shift@operator.example"}],
        "received_at": NOW,
        "text": "Нет питания.",
    }
    return Email(**{**facts, **over})


def test_a_letter_says_who_to_whom_when_about_what_and_with_which_files() -> None:
    said = texts.of_letter(email(), ["Акт.pdf"], ["план.dwg https://desk.example/letters/files/7/"]).replace("\\", "")
    for part in (
        "**Письмо получено** 18.08.2026 15:00",
        "От: Дежурный noc@operator.example",
        "Кому: Диспетчер desk@towers.example",
        "Копия: shift@operator.example",
        "Тема: Отсутствует ВЭС",
        "Файлы: Акт.pdf",
        "Файл остался в Dispatch: план.dwg https://desk.example/letters/files/7/",
        "```\nНет питания.\n```",
    ):
        assert part in said


def test_a_letter_of_ours_is_told_from_one_that_came() -> None:
    assert "**Письмо отправлено**" in texts.of_letter(email(direction=Email.Direction.OUT), [], [])


def test_a_crowd_of_recipients_is_cut() -> None:
    crowd = [{"name": "", "email": f"n{number}@operator.example"} for number in range(60)]
    said = texts.of_letter(email(to=crowd), [], [])
    assert "и ещё 40" in said
    assert "n59" not in said


def test_a_note_names_its_writer() -> None:
    assert "**Dispatch**" in texts.of_note(Comment(text="Звонили", at=NOW))


@given(WILD)
def test_nothing_in_a_text_ends_its_fence(text: str) -> None:
    fence, *inside, last = texts.fenced(text).split("\n")
    assert fence == last
    assert set(fence) == {"`"}
    assert not any(line.strip().startswith(fence) for line in inside)


@given(WILD)
def test_words_outside_the_fence_stay_on_one_line_and_do_nothing(words: str) -> None:
    said = texts.plain(words)
    assert "\n" not in said
    # Every active sign stands behind a backslash of its own.
    bare = re.sub(r"\\.", "", said)
    assert not set(bare) & set("`*_{}[]()#+!|<>~@$%")


@given(WILD)
def test_a_whole_comment_has_no_fence_but_its_own(words: str) -> None:
    said = texts.of_letter(email(subject=words, from_name=words, text=words), [words], [])
    head, fence = said.split("\n\n", 1)
    assert "```" not in head
    assert fence.splitlines()[0] == fence.splitlines()[-1]


def test_a_pasted_picture_is_named_in_the_words() -> None:
    assert (
        texts.readable("До ![схема.png](/ajax/v2/attachments/7 =400x) и ![](x) после") == "До [схема.png] и […] после"
    )
