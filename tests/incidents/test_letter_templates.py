"""Which words a letter has, and what they say for an incident."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from incidents import letter_templates, services
from incidents.letter_templates import Kind
from incidents.letter_variables import VARIABLES, Facts, values
from incidents.models import Incident, LetterTemplate
from tests.factories import NOW, make_email, make_incident, make_pole, make_station, make_user
from towers.models import Contractor, Operator

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def known(**over: Any) -> Incident:
    """An incident of which everything is known."""
    pole = make_pole("41960-P-43-1-1", latitude=58.873361, longitude=49.4, contractor_emails=["avr@contractor.example"])
    station = make_station("KI000075", pole)
    operator = Operator.objects.get(name="Т2")
    facts: dict[str, Any] = {
        "pole": pole, "base_station": station, "operator": operator, "contractor": pole.contractor,
        "type": "power-rf", "due_at": NOW + timedelta(hours=24), **over,
    }  # fmt: skip
    return make_incident(**facts)


def write(kind: Kind = Kind.ACCEPTED, text: str = "Код {{ code }}", **over: Any) -> LetterTemplate:
    return LetterTemplate.objects.create(**{"kind": kind, "subject": "{{ subject }}", "text": text, **over})


@pytest.mark.parametrize("kind", Kind.values)
def test_the_shipped_words_have_no_problems(kind: str):
    said = letter_templates.shipped(Kind(kind))

    assert letter_templates.problems(said.subject, said.text, said.html, Kind(kind)) == []


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind != Kind.SIGNATURE])
def test_the_shipped_words_hold_for_an_incident_of_which_nothing_is_known(kind: Kind):
    incident = make_incident(subject="Re: Fwd: питание", requester_email="")

    said = letter_templates.render(kind, incident, by=None, now=NOW)

    assert said.subject_tail.startswith("питание")
    assert incident.code in said.text
    assert "None" not in said.text
    assert "{" not in said.text
    assert "\n\n\n" not in said.text
    assert said.text.endswith("-- \nДиспетчерская служба")
    assert said.html == ""


def test_the_contractors_letter_says_where_what_and_until_when():
    incident = known()

    said = letter_templates.render(Kind.HANDED_OVER, incident, by=None, now=NOW).text

    assert "Опора: 41960-P-43-1-1\n" in said
    assert "Координаты: 58.873361, 49.4\nКарта: https://" in said
    assert "– KI000075 (Т2)" in said
    # Its clock starts when the letter leaves.
    assert "Устранить до: 19.08.2026 15:00 (UTC+3)" in said


def test_the_letters_so_far_stand_in_the_letter_the_oldest_first_and_without_automatic_ones():
    incident = known()
    for hours, words in ((2, "Второе."), (1, "Первое.")):
        letter = make_email(reply_text=words, received_at=NOW + timedelta(hours=hours))
        services.attach_email(incident, letter, way="thread", at=NOW, thread=letter.pk)
    reply = make_email(reply_text="Меня нет.", kind="autoreply")
    services.attach_email(incident, reply, way="thread", at=NOW, thread=reply.pk)

    said = letter_templates.render(Kind.HANDED_OVER, incident, by=None, now=NOW).text

    assert said.index("Первое.") < said.index("Второе.")
    assert "Меня нет." not in said


def test_whoever_writes_signs():
    incident = known()
    writer = make_user(first_name="Анна", last_name="Иванова")

    said = letter_templates.render(Kind.ACCEPTED, incident, by=writer, now=NOW)

    assert said.text.endswith("-- \nАнна Иванова\nДиспетчерская служба")
    assert letter_templates.signature(incident, by=writer, now=NOW).text in said.text


def test_the_most_special_words_are_taken():
    incident = known()
    other = Contractor.objects.create(name="ООО «Другой»")
    fits: dict[str, Any] = {
        "general": {}, "region": {"region": "Кировская область"}, "group": {"operator_group": "tele2"},
        "contractor": {"contractor": incident.contractor},
    }  # fmt: skip
    others = [{"region": "Москва"}, {"operator_group": "mts"}, {"contractor": other}]
    for number, scope in enumerate(others):
        write(text=f"чужое {number} {{{{ code }}}}", **scope)

    for name, scope in fits.items():
        write(text=f"{name} {{{{ code }}}}", **scope)
        assert letter_templates.render(Kind.ACCEPTED, incident, by=None, now=NOW).text.startswith(name)


def test_words_that_are_set_aside_are_not_taken():
    incident = known()
    write(is_used=False)

    assert letter_templates.wording(Kind.ACCEPTED, incident) == letter_templates.shipped(Kind.ACCEPTED)


def test_words_that_a_newer_version_does_not_know_leave_the_letter_to_the_shipped_ones(caplog: Any):
    write(text="{{ code }} {{ gone }}")

    assert "принято в работу" in letter_templates.render(Kind.ACCEPTED, known(), by=None, now=NOW).text
    assert "names what is not known" in caplog.text


def test_what_strangers_wrote_is_no_markup():
    write(text="{{ code }}", html="<p>{{ code }} {{ subject }}</p>")
    incident = known(subject="<script>alert(1)</script> {{ desk }}")

    said = letter_templates.render(Kind.ACCEPTED, incident, by=None, now=NOW)

    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ desk }}" in said.html
    # The signature stands below in HTML as well.
    assert "Диспетчерская служба" in said.html


def test_line_ends_do_not_get_into_the_subject():
    write(subject="{{ subject }}\n")
    incident = known(subject="один\r\nBcc: other@example.com")

    assert (
        letter_templates.render(Kind.ACCEPTED, incident, by=None, now=NOW).subject_tail == "один Bcc: other@example.com"
    )


def test_only_what_the_words_name_is_asked_for(django_assert_num_queries: Any):
    incident = Incident.objects.select_related("pole", "operator", "type").get(pk=known().pk)

    with django_assert_num_queries(2):  # the letter's row and the signature's
        letter_templates.render(Kind.CLOSED_AGAIN, incident, by=None, now=NOW)


def test_every_name_has_a_value_for_every_incident():
    for incident in (make_incident(), known(status="closed", closed_at=NOW)):
        said = values(Facts(incident, None, NOW), VARIABLES)
        assert all(isinstance(each, str | list) for each in said.values())
