"""A letter written on the card in a real browser: its words survive everything that happens around them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from incidents import canned, services
from incidents.models import Draft, Incident, IncidentEmail, WrittenLetter
from mailbox.models import Email, Outgoing
from tests.factories import NOW, make_email, make_incident, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

OpenPage = Callable[..., Any]


@pytest.fixture(autouse=True)
def _sending(settings: Any) -> None:
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "smtp.towers.example", "desk@towers.example"
    settings.INCIDENT_REACTIONS = {}


@pytest.fixture
def talk() -> tuple[Incident, Email, Email]:
    """An incident with a letter of the operator and then one of the contractor."""
    incident = make_incident(status="inProgress", letter_count=2)
    both = [{"name": "", "email": "desk@towers.example"}, {"name": "", "email": "second@contractor.example"}]
    letters = [make_email(), make_email(from_name="Подрядчик", from_email="avr@contractor.example", to=both)]
    for email in letters:
        IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=email.pk)
    return incident, letters[0], letters[1]


def until_kept(page: Any, words: str) -> None:
    for _n in range(100):
        if Draft.objects.filter(field=Draft.Field.LETTER, text=words).exists():
            return
        page.wait_for_timeout(100)
    raise AssertionError("the draft was not kept in time")


def test_words_stay_when_another_letter_is_answered_and_after_a_reload(
    open_page: OpenPage, talk: tuple[Incident, Email, Email]
) -> None:
    incident, first, _last = talk
    page = open_page(make_user(), incident.get_absolute_url())
    page.keyboard.press("r")
    expect(page.locator("#reply-to")).to_have_value("Подрядчик <avr@contractor.example>")
    expect(page.locator("#reply-text")).to_be_focused()
    page.keyboard.type("Бригада выехала")

    page.locator(f"#letter-{first.pk} .dk-more").click()
    page.locator(f"#letter-menu-{first.pk} [data-as=reply]").click()

    expect(page.locator("#reply-to")).to_have_value("NOC <noc@operator.example>")
    expect(page.locator("#reply-text")).to_have_value("Бригада выехала")
    expect(page).to_have_url(re.compile(f"reply={first.pk}&as=reply$"))
    until_kept(page, "Бригада выехала")
    page.reload()
    expect(page.locator("#reply-to")).to_have_value("NOC <noc@operator.example>")
    expect(page.locator("#reply-text")).to_have_value("Бригада выехала")


def test_note_and_letter_take_turns_and_neither_loses_its_words(
    open_page: OpenPage, talk: tuple[Incident, Email, Email]
) -> None:
    page = open_page(make_user(), talk[0].get_absolute_url())
    page.fill("#note-text", "себе")
    page.locator("#write [data-as=reply]").click()
    page.fill("#reply-text", "им")
    expect(page.locator("#note-text")).to_be_hidden()

    page.keyboard.press("Escape")
    page.keyboard.press("n")

    expect(page.locator("#note-text")).to_be_focused()
    expect(page.locator("#note-text")).to_have_value("себе")
    expect(page.locator("#reply-text")).to_be_hidden()
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.locator("#reply-text")).to_be_focused()
    expect(page.locator("#reply-text")).to_have_value("им")


def test_a_wrong_address_comes_back_beside_its_field(open_page: OpenPage, talk: tuple[Incident, Email, Email]) -> None:
    page = open_page(make_user(), f"{talk[0].get_absolute_url()}?reply=")
    page.fill("#reply-to", "noc@operator")
    page.fill("#reply-text", "Бригада выехала")
    page.keyboard.press("Control+Enter")

    expect(page.locator("#reply-to-error")).to_contain_text("noc@operator")
    expect(page.locator("#reply-text")).to_have_value("Бригада выехала")
    page.fill("#reply-to", "noc@operator.example")
    page.locator("#reply-to").press("Enter")
    expect(page.locator(".dk-letter.out")).to_contain_text("Бригада выехала")
    expect(page.locator("#reply")).to_have_count(0)
    assert Outgoing.objects.count() == 1


def test_a_letter_is_written_without_scripts(open_page: OpenPage, talk: tuple[Incident, Email, Email]) -> None:
    page = open_page(make_user(), talk[0].get_absolute_url(), java_script_enabled=False)
    page.locator("#write [data-as=reply]").click()
    page.fill("#reply-text", "Бригада выехала")
    page.locator("#reply .foot .btn-primary").click()

    expect(page.locator(".dk-letter.out")).to_contain_text("Бригада выехала")


def test_a_letter_goes_to_one_to_all_or_on_to_others_by_a_key(
    open_page: OpenPage, talk: tuple[Incident, Email, Email]
) -> None:
    page = open_page(make_user(), talk[0].get_absolute_url())
    page.keyboard.press("Shift+R")
    expect(page.locator("#reply-copies")).to_have_value("second@contractor.example")
    page.keyboard.type("Прошу")
    page.keyboard.press("Escape")
    page.keyboard.press("f")

    expect(page.locator("#reply-to")).to_have_value("")
    expect(page.locator("#reply-to")).to_be_focused()
    expect(page.locator("#reply-text")).to_have_value("Прошу")
    page.locator("[data-add='NOC <noc@operator.example>']").click()
    expect(page.locator("#reply-to")).to_have_value("NOC <noc@operator.example>")
    expect(page.locator("#write .top [data-as=forward]")).to_have_attribute("aria-pressed", "true")
    until_kept(page, "Прошу")
    page.reload()
    expect(page.locator("#reply-to")).to_have_value("NOC <noc@operator.example>")


def test_a_letter_sent_in_a_hurry_is_taken_back_in_another_tab_with_everything_it_had(
    open_page: OpenPage, talk: tuple[Incident, Email, Email], tmp_path: Path
) -> None:
    me, file = make_user(), tmp_path / "Акт осмотра.pdf"
    file.write_bytes(b"%PDF-1")
    page = open_page(me, f"{talk[0].get_absolute_url()}?reply=")
    page.set_input_files("[data-chooser]", file)
    expect(page.locator("[data-file-row]")).to_contain_text("Акт осмотра.pdf")
    page.reload()
    expect(page.locator("[data-file-row]")).to_contain_text("Акт осмотра.pdf")
    page.locator("#reply-text").focus()
    page.keyboard.type("Акт во вложении")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-leaves]")).to_be_visible()
    # What was sent is no draft any more, however fast it went.
    page.keyboard.press("r")
    expect(page.locator("#reply-text")).to_have_value("")
    expect(page.locator("[data-file-row]")).to_have_count(0)

    other = open_page(me, talk[0].get_absolute_url())
    expect(other.locator(".rp-undo")).to_be_visible()
    other.keyboard.press("z")

    expect(other.locator("#reply-text")).to_have_value("Акт во вложении")
    expect(other.locator("[data-file-row]")).to_contain_text("Акт осмотра.pdf")
    expect(page.locator(".dk-letter.out")).to_have_count(0)
    assert Outgoing.objects.get().state == Outgoing.State.CANCELLED


def test_a_question_is_answered_and_a_letter_sent_later_with_the_keyboard_alone(
    open_page: OpenPage, talk: tuple[Incident, Email, Email]
) -> None:
    page = open_page(make_user(), talk[0].get_absolute_url())
    page.keyboard.press("r")
    expect(page.locator("#reply-text")).to_be_focused()
    page.keyboard.type("Акт во вложении")
    page.locator("[popovertarget=reply-later]").press("Enter")
    expect(page.locator("#reply-leaves")).to_be_focused()
    page.keyboard.type("+2ч")
    page.keyboard.press("Enter")

    expect(page.locator("#reply-ask [name=anyway]")).to_be_focused()
    assert not WrittenLetter.objects.exists()
    page.keyboard.press("Enter")

    expect(page.locator(".rp-plan")).to_contain_text("Акт во вложении")
    expect(page.locator("#reply")).to_have_count(0)
    assert not Outgoing.objects.exists()
    page.locator(".rp-plan form[action$='/change/'] button").click()
    expect(page.locator("#reply-text")).to_have_value("Акт во вложении")
    expect(page.locator(".rp-plan")).to_have_count(0)


def test_a_file_dropped_on_the_card_opens_the_form_and_goes_with_the_letter(
    open_page: OpenPage, talk: tuple[Incident, Email, Email]
) -> None:
    page = open_page(make_user(), talk[0].get_absolute_url())
    dropped = page.evaluate_handle(
        "() => { const t = new DataTransfer(); t.items.add(new File(['x'], 'Фото.jpg')); return t; }"
    )
    page.locator(".dk-card").dispatch_event("drop", {"dataTransfer": dropped})

    expect(page.locator("[data-file-row]")).to_contain_text("Фото.jpg")
    page.locator("#reply [data-remove]").click()
    expect(page.locator("[data-file-row]")).to_have_count(0)


def test_a_canned_answer_comes_by_two_slashes_and_the_beginning_of_its_name(
    open_page: OpenPage, talk: tuple[Incident, Email, Email]
) -> None:
    me = make_user()
    for name, text in (("выезд бригады", "Бригада выехала по {{ code }}."), ("доступ", "Просим доступ.")):
        canned.save(me, name, text, is_shared=False, at=NOW)
    page = open_page(me, talk[0].get_absolute_url())
    page.keyboard.press("r")
    expect(page.locator("#reply-text")).to_be_focused()
    page.keyboard.type("Добрый день! //выез")
    expect(page.locator("#reply-canned [aria-selected=true]")).to_contain_text("выезд бригады")
    page.keyboard.press("Enter")

    words = f"Добрый день! Бригада выехала по {talk[0].code}."
    expect(page.locator("#reply-text")).to_have_value(words)
    expect(page.locator("#reply-canned")).to_be_hidden()
    until_kept(page, words)
    page.keyboard.type(" //")
    expect(page.locator("#reply-canned [role=option]:visible")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator("#reply-canned")).to_be_hidden()
    expect(page.locator("#reply-text")).to_be_focused()


def test_what_was_typed_since_stays_below_the_letter_that_came_back(
    open_page: OpenPage, talk: tuple[Incident, Email, Email]
) -> None:
    page = open_page(make_user(), f"{talk[0].get_absolute_url()}?reply=")
    page.fill("#reply-text", "Первое")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".rp-undo")).to_be_visible()
    page.keyboard.press("r")
    expect(page.locator("#reply-text")).to_be_focused()
    page.keyboard.type("Второе")
    page.locator(".rp-undo").click()

    expect(page.locator("#reply-text")).to_have_value("Первое\n\nВторое")
    until_kept(page, "Первое\n\nВторое")


def test_a_letter_waits_for_the_file_that_is_coming_up(
    open_page: OpenPage, talk: tuple[Incident, Email, Email], tmp_path: Path
) -> None:
    file = tmp_path / "видео.mp4"
    file.write_bytes(b"x" * 1000)
    page = open_page(make_user(), f"{talk[0].get_absolute_url()}?reply=")
    held: list[Any] = []
    page.route("**/files/", lambda route: held.append(route))
    page.fill("#reply-text", "Видео во вложении")
    page.set_input_files("[data-chooser]", file)
    expect(page.locator(".rp-file.is-coming")).to_be_visible()
    page.locator("#reply-text").press("Control+Enter")
    expect(page.locator("#reply-files-error")).to_be_visible()
    assert not Outgoing.objects.exists()

    held[0].continue_()

    expect(page.locator(".dk-letter.out")).to_contain_text("видео.mp4")


def test_what_came_below_the_end_of_what_is_read_is_told_before_the_letter_leaves(open_page: OpenPage) -> None:
    incident = make_incident(status="inProgress", letter_count=12)
    for number in range(12):
        email = make_email(text=f"Письмо {number}", reply_text=f"Письмо {number}")
        IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=email.pk)
    services.add_comment(incident, "Ждём бригаду", by=make_user(), at=NOW)
    page = open_page(make_user(), f"{incident.get_absolute_url()}?reply=")
    page.fill("#reply-text", "Ждём ответа")
    page.evaluate("document.getElementById('card-talk').scrollTop = 0")
    services.add_comment(incident, "Бригада уехала", by=make_user(last_name="Седов"), at=datetime.now(UTC))
    page.evaluate("document.body.dispatchEvent(new CustomEvent('card:refresh'))")
    expect(page.locator(".dk-below")).to_be_visible()

    page.locator("#reply-text").press("Control+Enter")

    expect(page.locator("#reply-error")).to_contain_text("Седов")
    page.locator("#reply-text").press("Control+Enter")
    expect(page.locator(".rp-undo")).to_be_visible()
    assert Outgoing.objects.count() == 1


def test_on_a_phone_what_comes_below_says_so_and_pulls_nothing(open_page: OpenPage) -> None:
    incident = make_incident(status="inProgress", letter_count=12)
    for number in range(12):
        email = make_email(text=f"Письмо {number}", reply_text=f"Письмо {number}\n" * 9)
        IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=email.pk)
    page = open_page(make_user(), incident.get_absolute_url())
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("window.scrollTo(0, 0)")
    services.add_comment(incident, "Бригада уехала", by=make_user(last_name="Седов"), at=datetime.now(UTC))
    page.evaluate("document.body.dispatchEvent(new CustomEvent('card:refresh'))")
    expect(page.locator(".dk-below")).to_be_visible()
    assert page.evaluate("window.scrollY") == 0

    page.locator(".dk-below").click()

    expect(page.get_by_text("Бригада уехала")).to_be_in_viewport()
    expect(page.locator(".dk-below")).to_be_hidden()
