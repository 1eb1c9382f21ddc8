import pytest

from incidents.codes import code_in_subject, next_code


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("Re: NT-163341: Т2 Отсутствует ВЭС", "NT-163341"),
        ("отв: nt-163341", "NT-163341"),
        ("Re: NТ–163341 (русская Т и тире)", "NT-163341"),
        ("NT - 163341", "NT-163341"),
        ("NT-\u00ad163341 с мягким переносом", "NT-163341"),
        ("NT-1 переслано, теперь NT-2", "NT-2"),
        ("XNT-163341", None),
        ("NT-163341-5", None),
        ("NT-163341A", None),
        ("41960-P-43-1-1", None),
        ("", None),
    ],
)
def test_the_code_in_a_subject(subject, code):
    assert code_in_subject(subject) == code


def test_the_prefix_is_a_setting(settings):
    settings.INCIDENT_PREFIX = "АВР"
    assert code_in_subject("Re: АВР-17") == "АВР-17"
    assert code_in_subject("Re: NT-17") is None


@pytest.mark.django_db
def test_codes_grow_and_a_larger_first_number_takes_effect_at_once(settings):
    settings.INCIDENT_FIRST_NUMBER = 163341
    assert [next_code(), next_code()] == ["NT-163341", "NT-163342"]
    settings.INCIDENT_FIRST_NUMBER = 200000
    assert [next_code(), next_code()] == ["NT-200000", "NT-200001"]
