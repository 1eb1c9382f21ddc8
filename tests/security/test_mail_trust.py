"""Letters that lie: about who wrote them, what they answer, when they were sent, and how big they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from incidents import intake, services
from incidents.models import Incident, IncidentEmail, IncidentType, Status
from mailbox import inbox
from mailbox.models import Attachment, Email, Receipt
from tests.factories import NOW, make_email, make_incident, make_pole, make_user
from tests.security.people import browser_of
from tests.written import DESK, letter

pytestmark = pytest.mark.django_db
STRANGER = "Stranger <who@elsewhere.example>"


@pytest.fixture
def desk() -> Client:
    return browser_of(make_user())


def take(raw: bytes, *, out: bool = False, at: datetime = NOW) -> Receipt:
    direction = Email.Direction.OUT if out else Email.Direction.IN
    receipt = inbox.receive(raw, direction=direction, received_at=at)
    assert intake.take_next(max(at, NOW))
    receipt.refresh_from_db()
    return receipt


def every_page_loads(desk: Client, incident: Incident) -> list[str]:
    """The pages that show an incident or its letters; returns what they say."""
    pages = ["/", f"/?open={incident.code}", incident.get_absolute_url(), "/api/v1/incidents/"]
    pages += [reverse("incidents:preview", args=[incident.code])]
    for place in incident.letters.all():
        pages.append(reverse("incidents:letter_body", args=[place.email_id]))
        pages += [reverse("incidents:attachment", args=[file.pk]) for file in place.email.attachments.all()]
    said = []
    for page in pages:
        response = desk.get(page, headers={"HX-Request": "true"} if page.endswith("/preview/") else {})
        assert response.status_code == 200, page
        said.append(response.getvalue().decode(errors="replace"))
    return said


# --- Whose incident is it ---------------------------------------------------------------------------


def test_a_stranger_who_guesses_a_code_opens_an_incident_of_his_own() -> None:
    known = make_incident(code="NT-163341")

    receipt = take(letter("Re: NT-163341: авария", sender=STRANGER))

    assert receipt.state == "opened"
    assert known.letters.count() == 0


@pytest.mark.parametrize("requester", ["", "noc@operator.example"])
@pytest.mark.parametrize("sender", ["", "Диспетчер", "undisclosed-recipients:;"])
def test_a_letter_from_nobody_proves_nothing_by_a_code(requester: str, sender: str) -> None:
    """An incident reported by phone has no requester either: nobody is not the same as nobody."""
    known = make_incident(code="NT-163341", requester_email=requester)
    raw = letter("NT-163341", sender=STRANGER).replace(f"From: {STRANGER}".encode(), f"From: {sender}".encode())

    take(raw)

    assert known.letters.count() == 0


def test_a_free_mailbox_is_not_a_company() -> None:
    known = make_incident(code="NT-163341", requester_email="ivan@mail.ru")

    assert take(letter("NT-163341", sender="petr@mail.ru")).state == "opened"
    assert take(letter("NT-163341", sender="ivan@mail.ru")).state == "joined"
    assert known.letters.count() == 1


def test_a_stranger_at_a_free_mailbox_cannot_say_that_power_is_back() -> None:
    pole = make_pole("41960-P-43-1-1")
    known = make_incident(pole=pole, requester_email="ivan@mail.ru", subject="Отсутствует ВЭС 41960-P-43-1-1")

    take(letter("Отсутствует ВЭС 41960-P-43-1-1 (Закрыто)", sender="petr@mail.ru"))

    known.refresh_from_db()
    assert known.power_back_at is None


def test_a_lookalike_of_a_company_is_another_company() -> None:
    known = make_incident(code="NT-163341")

    for sender in ("noc@operator.example.evil.example", "noc@evil-operator.example", "noc@оperator.example"):
        take(letter("NT-163341", sender=sender))

    assert known.letters.count() == 0


def test_a_display_name_that_looks_like_an_address_is_shown_beside_the_real_one(desk: Client) -> None:
    take(letter(sender='"noc@operator.example" <who@elsewhere.example>'))

    page = every_page_loads(desk, Incident.objects.get())[2]

    assert "who@elsewhere.example" in page


def test_forged_references_join_by_design_and_the_card_shows_who_wrote(desk: Client) -> None:
    """Operators answer from other addresses of theirs, so a known Message-ID joins; its reader sees the sender."""
    take(letter(message_id="<first@operator.example>"))
    incident = Incident.objects.get()

    receipt = take(letter("Счёт на оплату", sender=STRANGER, references="<first@operator.example>"))

    assert receipt.state == "joined"
    page = every_page_loads(desk, incident)[2]
    shown = page.split("Счёт на оплату")[0].rpartition("dk-letter")[2]
    assert "who@elsewhere.example" in shown
    assert "заявитель" not in shown


def test_one_letter_cannot_glue_two_incidents_together() -> None:
    take(letter("Авария 1", message_id="<one@operator.example>"))
    take(letter("Авария 2", message_id="<two@beeline.example>", sender="noc@beeline.example"))

    take(letter("Обе", sender=STRANGER, answers="<one@operator.example>", references="<two@beeline.example>"))
    take(letter("Ответ", sender="noc@beeline.example", answers="<two@beeline.example>"))

    one, two = Incident.objects.order_by("pk")
    assert (one.letters.count(), two.letters.count()) == (2, 2)


def test_a_message_id_that_somebody_took_first_hides_no_letter() -> None:
    take(letter("Подставное", sender=STRANGER, message_id="<next@operator.example>"))

    receipt = take(letter("Т2 Отсутствует ВЭС", message_id="<next@operator.example>"))

    assert receipt.state == "opened"
    assert Email.objects.filter(message_id="<next@operator.example>").count() == 2
    assert Incident.objects.count() == 2


def test_a_letter_that_claims_to_be_ours_opens_nothing_and_wakes_nobody() -> None:
    closed = make_incident(code="NT-163341", status="closed", closed_at=NOW)

    kept = take(letter("Авария", sender=DESK))
    joined = take(letter("NT-163341", sender=DESK))

    closed.refresh_from_db()
    assert (kept.state, joined.state) == ("kept", "joined")
    assert closed.closed_at is not None
    assert not closed.has_news


def test_two_robots_that_answer_each_other_reopen_nothing_and_open_nothing(settings: Any) -> None:
    settings.REOPEN_AT_LETTER = 1
    take(letter(message_id="<first@operator.example>"))
    incident, person = Incident.objects.get(), make_user()
    services.change_status(incident, Status.objects.get(key="inProgress"), by=person, at=NOW)
    services.change_status(incident, Status.objects.get(key="closed"), by=person, at=NOW)

    answers = "<first@operator.example>"
    for number in range(20):
        ours = f"<ours{number}@towers.example>"
        take(letter("Re: авария", sender=DESK, message_id=ours, answers=answers), out=True)
        answers = f"<auto{number}@operator.example>"
        auto = {"Auto-Submitted": "auto-replied"}
        take(letter("Автоответ", str(number), message_id=answers, answers=ours, headers=auto))

    incident.refresh_from_db()
    assert (Incident.objects.count(), incident.closed_at is not None) == (1, True)
    assert incident.letter_count == 41


# --- What a letter may look like --------------------------------------------------------------------

HOSTILE_HEADERS: dict[str, bytes] = {
    "five thousand recipients": b"To: " + b",\r\n ".join(b"Name %d <n%d@x.example>" % (n, n) for n in range(5000)),
    "a subject of a megabyte": b"Subject: " + "Авария ".encode() * 80_000,
    "a subject that is one word": b"Subject: " + b"x" * 20_000,
    "a name of a megabyte": b'From: "' + b"N" * 1_000_000 + b'" <noc@operator.example>',
    "NUL everywhere": b"Subject: a\0b\r\nFrom: a\0b <n\0c@operator.example>\r\nMessage-ID: <a\0b@x>",
    "surrogates": b"Subject: =?utf-8?B?7aCA7bCA?= =?utf-16?B?2AA=?=\r\nFrom: =?utf-8?Q?=ED=A0=80?= <n@x.example>",
    "no headers at all": b"X: y",
    "directions turned": "Subject: \u202e\u2066Авария\u2067\r\nFrom: \u202eСON <noc@operator.example>".encode(),
    "ten thousand ids": b"References: " + b" ".join(b"<%d@x.example>" % n for n in range(10_000)),
    "an id of a megabyte": b"Message-ID: <" + b"i" * 1_000_000 + b"@x.example>",
    "an address of headers": b"From: <noc@operator.example?bcc=evil@evil.example&body=x>",
    "injected lines": b"Subject: =?utf-8?Q?a=0D=0ABcc:_evil@evil.example?=\r\nFrom: =?utf-8?Q?a=0D=0Ab?= <n@x.example>",
    "templates": b"Subject: {{ settings.SECRET_KEY }} {% debug %} %(x)s {0.__class__} ${x}\r\nFrom: %s <%s@x.example>",
    "a date before time": b"Date: Thu, 01 Jan 1970 00:00:00 +0000",
    "a date after time": b"Date: Fri, 31 Dec 9999 23:59:59 -2359",
    "a date of nothing": b"Date: Mon, 00 Xxx 0000 99:99:99 +9999",
}


@pytest.mark.parametrize("name", HOSTILE_HEADERS)
def test_a_hostile_header_is_taken_in_and_every_page_loads(desk: Client, name: str) -> None:
    raw = HOSTILE_HEADERS[name] + b"\r\nTo: desk@towers.example\r\n\r\n" + "Нет питания.".encode()

    receipt = take(raw)

    assert receipt.state == "opened"
    said = every_page_loads(desk, Incident.objects.get())
    assert max(map(len, said)) < 1_000_000
    assert "\0" not in "".join(said)


def test_an_address_of_headers_stays_an_address_in_the_link_that_answers_it(desk: Client) -> None:
    take(HOSTILE_HEADERS["an address of headers"] + b"\r\nSubject: x\r\n\r\nx")

    card = every_page_loads(desk, Incident.objects.get())[2]

    link = card.split('href="mailto:')[1].split('"')[0]
    assert link.count("?") == 1
    assert link.split("?")[1].startswith("subject=")


@pytest.mark.parametrize("at", [datetime(1, 1, 2, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC),
                                NOW + timedelta(days=3650), datetime(9999, 12, 30, tzinfo=UTC)])  # fmt: skip
def test_a_letter_of_another_age_loads(desk: Client, at: datetime) -> None:
    """A mail program may append a letter under any moment."""
    take(letter("Отсутствует ВЭС"), at=at)

    incident = Incident.objects.get()

    every_page_loads(desk, incident)
    services.set_type(incident, IncidentType.objects.first(), by=None, at=NOW)
    every_page_loads(desk, incident)


@pytest.mark.parametrize(
    "date", ["Thu, 01 Jan 1970 00:00:00 +0000", "Fri, 31 Dec 9999 23:59:59 +0000", "0", "-1", "x" * 9999]
)
def test_a_file_with_an_impossible_date_is_imported_at_a_possible_moment(tmp_path: Any, date: str) -> None:
    (tmp_path / "a.eml").write_bytes(f"From: n@x.example\r\nDate: {date}\r\nSubject: x\r\n\r\nx".encode())

    call_command("import_mail", str(tmp_path / "a.eml"))

    opened = Incident.objects.get().opened_at
    assert datetime(1990, 1, 1, tzinfo=UTC) <= opened <= datetime.now(UTC)


WITH_FILE = (
    b"From: n@x.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n"
    b"Content-Type: application/pdf\r\nContent-Disposition: attachment; PARAMETER\r\n\r\nx\r\n--b--\r\n"
)
FILE_NAMES = {
    "счёт\u202egpj.exe": "счётgpj.exe",
    "../../etc/passwd": "passwd",
    "..\\..\\boot.ini": "boot.ini",
    'a"; filename="evil.exe': "a_; filename=_evil.exe",
    "a\r\nContent-Type: text/html\r\n\r\n<script>.txt": None,
    "<img src=x>.png": "_img src=x_.png",
    "x" * 5000 + ".pdf": None,
    "CON\0.txt": "CON.txt",
    ".htaccess": "htaccess",
    "file%0d%0aSet-Cookie: a=b": None,
}


@pytest.mark.parametrize("given", FILE_NAMES, ids=range(len(FILE_NAMES)))
def test_a_files_name_can_neither_disguise_itself_nor_reach_the_headers(desk: Client, given: str) -> None:
    named = given.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    encoded = "".join(f"%{byte:02X}" for byte in given.encode())
    for parameter in (b'filename="' + named + b'"', b"filename*=utf-8''" + encoded.encode()):
        take(WITH_FILE.replace(b"PARAMETER", parameter))

    for file in Attachment.objects.all():
        response = desk.get(reverse("incidents:attachment", args=[file.pk]))
        said = response["Content-Disposition"]
        assert said.startswith("attachment")
        assert not {"\r", "\n", "\0"} & set(said)
        assert "Set-Cookie" not in response.headers
        assert not set(file.name) & set('\r\n\0/\\"<>|\u202e')
        assert len(file.name) <= 150
    wanted = FILE_NAMES[given]
    assert wanted is None or wanted in Attachment.objects.values_list("name", flat=True)


def test_a_content_id_reaches_only_the_pictures_of_its_own_letter(desk: Client) -> None:
    mine, other = make_email(), make_email()
    Attachment.objects.create(
        email=other, name="a.png", content_type="image/png", size=1, sha256="0" * 64, content_id="a"
    )

    for content_id in ("a", "../2/cid/a", "..%2F..%2Fetc%2Fpasswd", "/etc/passwd", "a\\..\\b"):
        address = reverse("incidents:letter_inline", args=[mine.pk, content_id])
        assert desk.get(address).status_code == 404


def test_the_store_opens_nothing_but_what_it_stored(settings: Any) -> None:
    from mailbox import store

    for name in ("../../../etc/passwd", "/etc/passwd", "0" * 63, "0" * 64 + "\n", "A" * 64, "", "0" * 32 + "/" * 32):
        with pytest.raises(ValueError, match="SHA-256"):
            store.path(name)


def test_a_letter_is_in_one_incident_only() -> None:
    email = make_email()
    first = services.attach_email(make_incident(), email, way=IncidentEmail.Way.HAND, at=NOW)

    assert services.attach_email(make_incident(), email, way=IncidentEmail.Way.HAND, at=NOW) == first
