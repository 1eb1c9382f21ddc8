"""HTML of our letters: what is made from text, and what is refused of what people write."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from mailbox import html_rules
from mailbox.letter_html import check, page, paragraphs, text_of, twin, unsaid
from mailbox.quoting import Quotation

TEXT = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("<>&\"'>> \n:-Ж http://a.b")), max_size=400)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


@given(TEXT, TEXT)
def test_whatever_words_become_html_that_every_program_shows(text: str, quote: str) -> None:
    made = page(paragraphs(text), Quotation("кто <a@b.example>", quote))

    assert html_rules.broken(made, is_whole=True) == []


@given(st.text(alphabet=st.sampled_from("абв АБВ 123 .,<>&\n:-"), max_size=200))
def test_the_words_of_a_text_are_those_of_its_twin(text: str) -> None:
    assert unsaid(twin(text), text) == []
    assert unsaid(f"<pre>{text.replace('&', '&amp;').replace('<', '&lt;')}</pre>", text_of(twin(text))) == []


def test_the_twin_says_the_same_without_anything_to_load_or_run() -> None:
    quotation = Quotation("кто <a@b.example>", "<b>цитата</b>\nдальше")
    html = page(paragraphs("<script>alert(1)</script>\n\nвторой"), quotation)

    assert not re.search(r"<style|<script|<img|<link|class=|https?:|<b>|javascript", html)
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;цитата&lt;/b&gt;<br>дальше" in html
    assert "max-width:600px" in html


def test_lines_of_names_and_values_become_a_table_and_other_lines_do_not() -> None:
    html = paragraphs("Опора: 41960-P-43-1-1\nАдрес: Киров, ул. Мира, 5\n\nИван: выехали\nбудем в 12:30")

    assert html.count("<tr>") == 2
    assert "<p" in html
    assert "Иван: выехали<br>будем в 12:30" in html


def test_addresses_of_pages_can_be_opened_and_end_where_the_sentence_goes_on() -> None:
    html = paragraphs("Карта (https://maps.example/?ll=49.4,58.8&z=15), см. http://a.example.")

    assert '<a href="https://maps.example/?ll=49.4,58.8&amp;z=15">' in html
    assert '<a href="http://a.example">http://a.example</a>.' in html


def test_the_signature_stands_apart_and_keeps_its_dashes() -> None:
    html = paragraphs("Бригада выехала.\n\n-- \nАнна Крылова\nДиспетчерская")

    assert "-- <br>Анна Крылова<br>Диспетчерская" in html.rpartition("<p")[2]


def test_quotations_within_the_quotation_are_drawn_deeper() -> None:
    html = page("", Quotation("кто", "новое\n> старое\n>> ещё старше\n> старое\nконец"))

    assert "[новое[старое[ещё старше]старое]конец]" in bars(html)


def test_a_letter_passed_on_has_no_bar_but_its_own_quotations_have() -> None:
    html = page("", Quotation("кто", "новое\n> старое", is_passed_on=True))

    assert "<div>новое[старое]</div>" in bars(html)


def bars(html: str) -> str:
    """The markup of a letter with brackets for its quotations, and without paragraphs."""
    return re.sub(r"</?p[^>]*>", "", re.sub(r"<blockquote[^>]*>", "[", html).replace("</blockquote>", "]"))


def test_codes_stay_in_one_line_to_be_read_out() -> None:
    html = paragraphs("Код NT-200077, опора 41960-P-43-1-1, кто-то")

    assert re.findall(r'nowrap">([^<]*)<', html) == ["NT-200077", "41960-P-43-1-1"]


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<style>p{}</style>", "<style>"),
        ("<script>alert(1)</script>", "<script>"),
        ('<img src="https://t.example/1.gif">', "<img>"),
        ("<html><body>x</body></html>", "<html>"),
        ('<link rel="stylesheet" href="https://t.example/a.css">', "<link>"),
        ("<svg><a>x</a></svg>", "<svg>"),
        ('<p class="x">x</p>', "class"),
        ('<p onclick="x()">x</p>', "onclick"),
        ('<a href="javascript:x()">x</a>', "https://"),
        ('<a href="/incidents/">x</a>', "https://"),
        ('<a href="data:text/html,x">x</a>', "https://"),
        ('<td background="https://t.example/1.gif">x</td>', "background"),
        ('<p style="background:url(https://t.example/1.gif)">x</p>', "loads something"),
        ('<p style="color:red;position:absolute">x</p>', "position"),
        ('<div style="display: flex">x</div>', "display"),
        ('<table width="601"><tr><td>x</td></tr></table>', "601"),
        ('<td style="width: 700px">x</td>', "700"),
        ("<p>x<b>y</p>", "<b>"),
        ("<p>x", "<p>"),
        ("x</td></table>", "</td>"),
        ("<div/>", "<div/>"),
        ('<p style="color:red>x</p>', "not finished"),
        ("<!--[if mso]><p>x</p><![endif]-->", "Comments"),
        (f"<p>{'я' * 60_000}</p>", "100"),
    ],
)
def test_what_some_program_hides_blocks_or_runs_is_refused(html: str, said: str) -> None:
    problems = check(html)

    assert problems
    assert said in problems[0]


def test_what_is_wrong_is_named_with_its_line() -> None:
    assert [each.partition(":")[0] for each in check("<p>x</p>\n<p>\n<img>\n</p><b>")] == ["Line 3", "Line 4"]


@pytest.mark.parametrize(
    "html",
    [
        "Просто слова, 5 < 6 & 7",
        '<table role="presentation" width="600" border="0"><tr><td style="width:50%">x</td></tr></table>',
        '<p>Карта: <a href="https://maps.example/?ll=1,2" target="_blank">место</a><br><a href="{{ map }}">ещё</a></p>',
        "<ul><li>один</li></ul><hr><!-- для нас -->",
    ],
)
def test_what_every_program_shows_is_not(html: str) -> None:
    assert check(html) == []


@pytest.mark.parametrize("text", ["а-" * 50_000, "https://" * 12_000, "а:" * 50_000, "> " * 50_000, ">" * 100_000])
def test_whatever_strangers_write_is_made_into_html_at_once(text: str) -> None:
    started = time.process_time()
    page(paragraphs(text), Quotation("кто", text))

    assert time.process_time() - started < 5


@pytest.mark.parametrize("html", ["<b>" * 25_000 + "</i>" * 25_000, "<b>" * 15_000 + "<i></i>" * 15_000, "<" * 100_000])
def test_whatever_people_type_is_judged_at_once(html: str) -> None:
    started = time.process_time()
    problems = check(html)

    assert time.process_time() - started < 5
    assert len(problems) <= html_rules.MOST_PROBLEMS


def test_words_missing_in_the_text_are_named() -> None:
    assert unsaid("<p>Опора <b>41960-P-43</b>, срок 12:30</p>", "Опора 41960-P-43") == ["срок", "12", "30"]
