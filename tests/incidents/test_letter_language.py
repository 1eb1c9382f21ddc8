"""The language of letter templates: what it lets through, and how it says what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.letter_language import Scope, Words

SCOPE = Scope(frozenset({"code", "pole", "deadline"}), {"letters": frozenset({"at", "text"})})
VALUES: dict[str, Any] = {
    "code": "NT-1", "pole": "", "deadline": "завтра",
    "letters": [{"at": "1", "text": "да"}, {"at": "2", "text": "нет"}],
}  # fmt: skip
# A loaded machine draws slowly; what is drawn is small.
PURE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
PIECES = st.sampled_from(
    ["{{", "}}", "{%", "%}", "{#", "#}", "|", ":", '"', "'", "\n", " ", ".", "code", "pole", "letters", "letter", "if",
     "endif", "else", "elif", "for", "in", "endfor", "empty", "include", "load", "verbatim", "debug", "default", "safe",
     "upper", "length", "__class__", "forloop", "counter", "{{ code }}", "{% if pole %}", "{% endif %}", "я", "0"]
)  # fmt: skip


def filled(source: str, **over: Any) -> str:
    return Words(source, SCOPE).fill({**VALUES, **over})


def problems(source: str, *, is_html: bool = False) -> list[str]:
    with translation.override("en"):
        return [str(each) for each in Words(source, SCOPE, is_html=is_html).problems]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("Код {{ code }}", "Код NT-1"),
        ("{{ pole|default:'нет' }}", "нет"),
        ("{{ code|lower }}{{ letters|length }}", "nt-12"),
        ("{% if pole %}есть{% elif deadline %}срок{% else %}нет{% endif %}", "срок"),
        ("{% for it in letters %}{{ forloop.counter }}{{ it.text }};{% endfor %}", "1да;2нет;"),
        ("{# никому #}{{ code }}", "NT-1"),
        ("Тот <b>", "Тот <b>"),
    ],
)
def test_it_puts_words_in(source: str, words: str):
    assert filled(source) == words


def test_a_line_of_tags_leaves_no_line_behind():
    source = (
        "Код\n{% if pole %}\nОпора {{ pole }}\n{% endif %}\n{% if deadline %}\nСрок {{ deadline }}\n{% endif %}\nКонец"
    )

    assert filled(source) == "Код\nСрок завтра\nКонец"
    assert filled(source, pole="41960") == "Код\nОпора 41960\nСрок завтра\nКонец"


def test_the_mark_of_a_signature_keeps_its_blank():
    assert filled("Да\n\n-- \n{% if pole %}\nx\n{% endif %}\nМы") == "Да\n\n-- \nМы"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("\n{{ cod }}", ["Line 2: There is no variable “cod”. Perhaps “code”?"]),
        ("{{ nothing_alike }}", ["Line 1: There is no variable “nothing_alike”."]),
        ("{{ code.upper }}", ["Line 1: There is no variable “code.upper”."]),
        ("{{ code|safe }}", ["Line 1: There is no filter “safe”. There are: capfirst, default, length, lower, upper."]),
        ("{{ code|default:cod }}", ["Line 1: There is no variable “cod”. Perhaps “code”?"]),
        ("{{ letters }}", ["Line 1: “letters” is a list. Write {% for item in letters %}…{% endfor %}."]),
        ("{% for i in letters %}{{ i.tex }}{% endfor %}", ["Line 1: There is no variable “i.tex”. Perhaps “i.text”?"]),
        ("{{ letters|upper }}", ["Line 1: “letters” is a list. Write {% for item in letters %}…{% endfor %}."]),
        ("{% for i in code %}x", ["Line 1: Write {% for item in list %}, where the list is one of: letters."]),
        (
            "{% for a in letters %}{% for b in letters %}{% endfor %}{% endfor %}",
            ["Line 1: One {% for %} cannot stand inside another."],
        ),
        ("{% if code %}\nx", ["Line 1: {% if %} is never closed. Write {% endif %} where it ends."]),
        ("x\n{% endif %}", ["Line 2: {% endif %} closes nothing: the line where it begins is missing."]),
        (
            "{% load i18n %}",
            ["Line 1: {% load %} is not possible here. There are only {% if %} and {% for %}."],
        ),
        ("{{ code }", ["Line 1: “{{” has no other half in its line."]),
        ("{{ }}", ["Line 1: Nothing stands between the braces."]),
        ("{{ a b }}", ["Line 1: “a b” cannot be read."]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(source: str, said: list[str]):
    assert problems(source) == said


def test_every_unknown_name_is_told_at_once():
    assert len(problems("{{ one }}\n{{ two }}\n{% if three %}{% endif %}")) == 3


@pytest.mark.parametrize("source", ["{% if code %}" * 1000, "{% if " + "not " * 4000 + "code %}x{% endif %}"])
def test_what_is_folded_without_end_is_refused(source: str):
    assert len(problems(source)) == 1


def test_only_html_has_line_ends_made_into_markup():
    assert problems("{{ pole|linebreaksbr }}", is_html=True) == []
    assert problems("{{ pole|linebreaksbr }}")
    assert Words("{{ pole|linebreaksbr }}", SCOPE, is_html=True).fill({"pole": "a\n<b>"}) == "a<br>&lt;b&gt;"


@PURE
@given(st.lists(PIECES, max_size=25).map("".join))
def test_whatever_is_typed_is_either_refused_or_rendered(source: str):
    words = Words(source, SCOPE)

    if not words.problems:
        said = words.fill(VALUES).lower()
        assert not any(sign in said for sign in ("object at 0x", "{'at'", "<class"))


@PURE
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="{}%#")))
def test_values_are_never_read_as_templates(value: str):
    assert filled("{{ pole }}", pole=f"{{{{ code }}}}{value}").startswith("{{ code }}")
