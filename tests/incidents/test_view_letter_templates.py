"""The pages of letter templates: who may what, what is refused in which words, what is kept."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import letter_template_deeds as deeds
from incidents.letter_template_deeds import For
from incidents.letter_templates import Kind, Wording, render
from incidents.models import IncidentEmail, LetterTemplate
from tests.factories import NOW, make_email, make_incident, make_pole, make_user

pytestmark = pytest.mark.django_db

LIST = "/templates/"


@pytest.fixture
def keeper() -> User:
    return make_user(Role.ADMINISTRATOR)


@pytest.fixture
def desk(client: Client, keeper: User) -> Client:
    client.force_login(keeper)
    return client


def write(keeper: User, text: str = "Код {{ code }}", **scope: Any) -> LetterTemplate:
    return deeds.begin(Kind.ACCEPTED, For(**scope), Wording("{{ subject }}", text), by=keeper, at=NOW)


def page_of(row: LetterTemplate) -> str:
    return reverse("incidents:letter_template", args=[row.pk])


def words(text: str = "Ваш код {{ code }}.", **over: Any) -> dict[str, Any]:
    return {"subject": "{{ subject }}", "text": text, "html": "", "why": "", "seen": 0, **over}


def test_what_is_saved_is_what_the_next_letter_says(desk: Client):
    incident = make_incident()

    answer = desk.post("/templates/new/accepted/", words("Ваш код\r\n{{ code }}.", why="просили короче"))

    row = LetterTemplate.objects.get()
    assert answer.url == f"{page_of(row)}?saved=1"
    assert render(Kind.ACCEPTED, incident, by=None, now=NOW).text.startswith(f"Ваш код\n{incident.code}.\n\n-- ")
    assert row.versions.get().why == "просили короче"


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"text": "{{ code }}\n{{ pol }}"}, "Line 2: There is no variable “pol”. Perhaps “pole”?"),
        ({"text": "{{ code }}\n\n{% if pole %}"}, "Line 3: {% if %} is never closed."),
        ({"text": "{{ code }}{% include 'x' %}"}, "{% include %} is not possible here."),
        ({"text": "{{ code }} {{ pole"}, "“{{” has no other half in its line."),
        ({"text": "Здравствуйте!"}, "The code of the incident is missing."),
        ({"text": " "}, "The letter is empty."),
        ({"subject": ""}, "The subject is empty."),
        ({"html": "<p>{{ code }}</p><script>1</script>"}, "script"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_the_line(desk: Client, said: dict[str, str], complaint: str):
    make_incident()

    answer = desk.post("/templates/new/accepted/", words(**said), headers={"accept-language": "en"})

    assert answer.status_code == 422
    found = " ".join(str(each) for errors in answer.context["form"].errors.values() for each in errors)
    assert complaint in found
    assert not LetterTemplate.objects.exists()


def test_words_that_leave_nothing_of_a_real_letter_are_refused(desk: Client):
    incident = make_incident()

    answer = desk.post("/templates/new/accepted/", words("{% if pole %}{{ code }}{% endif %}"))

    assert answer.status_code == 422
    assert incident.code in str(answer.context["form"].errors)


def test_two_administrators_do_not_write_over_each_other(desk: Client, keeper: User):
    row = write(keeper)
    deeds.save(
        row, Wording("x", "Другое {{ code }}"), seen=1, by=make_user(Role.ADMINISTRATOR, last_name="Орлов"), at=NOW
    )

    answer = desk.post(page_of(row), words("Моё {{ code }}", seen=1))

    assert answer.status_code == 409
    assert "Орлов" in str(answer.context["form"].errors)
    assert "Моё {{ code }}" in answer.content.decode()
    assert "<del><i>−</i><span>Другое {{ code }}</span></del>" in answer.content.decode()
    row.refresh_from_db()
    assert row.text == "Другое {{ code }}"
    # Having seen the newer one he may lay his words over it.
    desk.post(page_of(row), words("Моё {{ code }}", seen=answer.context["form"]["seen"].value()))
    row.refresh_from_db()
    assert (row.version, row.text) == (3, "Моё {{ code }}")


def test_saving_can_be_undone_back_to_the_shipped_words(desk: Client):
    incident = make_incident()
    desk.post("/templates/new/accepted/", words())
    row = LetterTemplate.objects.get()
    desk.post(page_of(row), words("Второе {{ code }}", seen=1))
    undo = reverse("incidents:take_back_letter_template", args=[row.pk])

    desk.post(undo, {"seen": 2, "number": 1})
    assert "Ваш код" in render(Kind.ACCEPTED, incident, by=None, now=NOW).text
    desk.post(undo, {"seen": 3, "number": 0})
    assert "принято в работу" in render(Kind.ACCEPTED, incident, by=None, now=NOW).text

    assert [(each.number, each.taken_back, each.is_used) for each in row.versions.all()] == [
        (4, None, False), (3, 1, True), (2, None, True), (1, None, True),
    ]  # fmt: skip


def test_a_version_that_names_what_is_gone_is_not_taken_back(desk: Client, keeper: User):
    row = write(keeper)
    row.versions.update(text="{{ code }} {{ gone }}")
    deeds.save(row, Wording("x", "Новое {{ code }}"), seen=1, by=keeper, at=NOW)

    desk.post(reverse("incidents:take_back_letter_template", args=[row.pk]), {"seen": 2, "number": 1})

    row.refresh_from_db()
    assert row.text == "Новое {{ code }}"


def test_the_history_shows_what_changed_line_by_line(desk: Client, keeper: User):
    row = write(keeper, "Один\nДва {{ code }}")
    deeds.save(row, Wording("{{ subject }}", "Один\nТри {{ code }}"), seen=1, by=keeper, at=NOW, why="так яснее")

    page = desk.get(reverse("incidents:letter_template_history", args=[row.pk])).content.decode()

    assert "<del><i>−</i><span>Два {{ code }}</span></del>" in page
    assert "<ins><i>+</i><span>Три {{ code }}</span></ins>" in page
    assert "так яснее" in page


def test_words_for_some_incidents_need_a_scope_and_exist_once(desk: Client):
    make_pole(region_ru="Кировская область")
    address = "/templates/new/accepted/?special=1"
    none = {"operator_group": "", "region": "", "contractor": ""}

    assert desk.post(address, words(**none)).status_code == 422
    assert desk.post(address, words(**{**none, "region": "Кировская область"})).status_code == 302
    assert desk.post(address, words(**{**none, "region": "Кировская область"})).status_code == 422
    assert LetterTemplate.objects.get().region == "Кировская область"


def test_words_that_are_not_known_any_more_are_marked_on_the_list(desk: Client, keeper: User):
    write(keeper)
    LetterTemplate.objects.update(text="{{ code }} {{ gone }}")

    shown = next(row for row in desk.get(LIST).context["general"] if row.template)

    assert shown.is_broken


def test_a_dispatcher_reads_but_does_not_write(client: Client, keeper: User):
    row = write(keeper)
    client.force_login(make_user())

    page = client.get(page_of(row)).content.decode()

    assert "readonly" in page
    assert "data-save" not in page
    assert client.post(page_of(row), words(seen=1)).status_code == 403
    assert client.post("/templates/new/closed/", words()).status_code == 403


def test_the_deeds_ask_for_the_right_as_well(keeper: User):
    row = write(keeper)

    with pytest.raises(PermissionDenied):
        deeds.save(row, Wording("x", "y {{ code }}"), seen=1, by=make_user(), at=NOW)


def test_the_preview_shows_the_letter_of_the_incident_that_was_typed(desk: Client):
    make_incident()
    incident = make_incident(subject="Re: питание", requester_email="noc@operator.example", requester_name="NOC")
    said = {**words(), "kind": "accepted", "incident": incident.code.lower()}

    shown = desk.post("/templates/preview/", said).content.decode()

    assert f"Re: {incident.code}: питание" in shown
    assert "noc@operator.example" in shown
    assert f"Ваш код {incident.code}." in shown
    assert LetterTemplate.objects.count() == 0


def test_the_preview_names_only_the_files_that_a_letter_may_carry(desk: Client, settings: Any):
    settings.NOTICE_FILES_MAX_BYTES = 1000
    email = make_email(kind="human")
    incident = make_incident()
    IncidentEmail.objects.create(incident=incident, email=email, way="opened", thread=email.pk)
    for name, size in (("фото.jpg", 900), ("видео.mp4", 5000)):
        email.attachments.create(name=name, content_type="image/jpeg", size=size, sha256=name)
    said = words("{{ code }} с файлами {{ attached }} без {{ left_out }}.")

    shown = desk.post("/templates/preview/", {**said, "kind": "handed_over", "incident": incident.code}).text

    assert "с файлами фото.jpg (900\xa0байт) без видео.mp4" in shown


def test_one_template_of_closing_says_different_things_to_the_operator_and_the_contractor(desk: Client):
    incident = make_incident()
    said = words("{{ code }}{% if for_contractor %} Спасибо за работу.{% else %} Питание есть.{% endif %}")
    said |= {"kind": "closed", "incident": incident.code}

    assert "Питание есть." in desk.post("/templates/preview/", said).text
    assert "Спасибо за работу." in desk.post("/templates/preview/", {**said, "audience": "contractor"}).text


def test_the_letter_in_the_frame_can_run_load_and_send_nothing(desk: Client):
    incident = make_incident(subject="<script>alert(1)</script>")
    said = {**words("{{ code }} {{ subject }}"), "kind": "accepted", "incident": incident.code}

    answer = desk.post("/templates/preview/letter/", said)

    assert "&lt;script&gt;" in answer.content.decode()
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy


def test_the_frame_keeps_what_it_shows_while_the_words_are_wrong(desk: Client):
    make_incident()

    assert desk.post("/templates/preview/letter/", {**words("{{ pol }}"), "kind": "accepted"}).status_code == 204


def test_the_list_costs_the_same_for_many(desk: Client, keeper: User):
    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            assert desk.get(LIST).status_code == 200
        return len(counted)

    write(keeper)
    for number in range(3):
        write(keeper, region=f"Область {number}")
    few = queries()
    for number in range(3, 60):
        write(keeper, region=f"Область {number}")

    assert queries() == few
    page = desk.get(LIST)
    assert len(page.context["special"]) == 50
    assert len(desk.get(f"{LIST}?before={page.context['next']}").context["special"]) == 10
