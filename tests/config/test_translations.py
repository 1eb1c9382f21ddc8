"""Both languages are complete: English in the code, Russian in the catalogue."""

import pytest
from django.utils import translation
from django.utils.translation import gettext, ngettext

from tools import translations


def test_every_text_has_its_russian():
    assert translations.untranslated() == []


def test_the_compiled_catalogue_is_what_the_texts_say():
    assert translations.stale() == []


@pytest.mark.parametrize(("number", "word"), [(1, "опора"), (3, "опоры"), (5, "опор"), (11, "опор"), (21, "опора")])
def test_russian_counts_as_russians_do(number, word):
    with translation.override("ru"):
        assert word in ngettext(
            "%(n)d pole fits what the letter says: %(names)s. Choose one.",
            "%(n)d poles fit what the letter says: %(names)s. Choose one.",
            number,
        ) % {"n": number, "names": ""}


@pytest.mark.parametrize("text", ["pole", "base station", "contractor"])
def test_a_word_that_is_also_counted_has_its_russian_alone(text):
    """Before Python 3.13 `gettext` finds nothing where the catalogue knows a word only with its plural."""
    with translation.override("ru"):
        assert gettext(text) != text
