from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.words import web_query
from mailbox.models import Email
from mailbox.models.letters import SEARCH
from tests.factories import make_email

pytestmark = pytest.mark.django_db

SIGNS = st.text(alphabet="-_/@<>\"'|&!():* аbя1", max_size=200)


def found(text: str) -> int:
    return Email.objects.annotate(words=SEARCH).filter(words=web_query(text)).count()


def test_a_word_after_a_dash_is_left_out_and_a_dash_within_a_word_joins() -> None:
    make_email(subject="Авария NT-100234 на опоре")

    assert found("авария") == 1
    assert found("авария -опора") == 0
    assert found("NT-100234") == 1


def test_a_row_of_dashes_breaks_nothing() -> None:
    assert found("-" * 200 + " авария") == 0


@given(SIGNS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_row_of_signs_breaks_the_question(text: str) -> None:
    found(text)
