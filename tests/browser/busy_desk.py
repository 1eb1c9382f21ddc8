"""A desk in the middle of a shift: incidents in every state, long names, letters of all kinds, things to wait for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from dispatchers.models import User
from dispatchers.roles import Role
from incidents import linking, moving, promises, reminders, services
from incidents.models import ChecklistItem, Incident, IncidentEmail, IncidentType, Tag
from mailbox import store
from mailbox.models import Attachment, Email
from mailbox.parsing.safe_html import clean_html
from tests.factories import make_email, make_incident, make_pole, make_station, make_user
from towers.models import Contractor

STATUSES = ("new", "inProgress", "naGeneraciiNb", "new", "inProgress")
SUBJECTS = (
    "Отсутствует ВЭС",
    "Авария по питанию на БС, просьба проверить состояние вводного автомата и наличие напряжения на вводе",
    "Нет связи с базовой станцией",
    "Пожарная сигнализация сработала в контейнере оборудования, дверь открыта, доступ посторонних не исключён",
    "Запрос доступа на площадку для плановых работ",
)
REGIONS = ("Кировская область", "Ханты-Мансийский автономный округ — Югра", "Республика Марий Эл", "Москва")
CONTRACTOR = "ООО «Межрегиональная энергосервисная компания «Пример-Энерго-Северо-Запад»"
HTML = "<p>Добрый день!</p><table><tr><td>БС</td><td>KI000001</td></tr></table><p>С уважением, NOC</p>"


@dataclass(frozen=True)
class Desk:
    """Who sits there, and one incident of each kind."""

    me: User
    rows: list[Incident]
    long: Incident
    short: Incident
    closed: Incident
    merged: Incident


def make_desk(rows: int = 20, letters: int = 14) -> Desk:
    now = timezone.now()
    me = make_user(Role.ADMINISTRATOR, last_name="Константинопольская", first_name="Александра", is_staff=True)
    people = [make_user(last_name=name, first_name="Пётр") for name in ("Седов", "Крылова-Преображенская")]
    made = [_row(number, now, [me, *people]) for number in range(rows)]
    long = _long(made[1], me, people[0], letters, now)
    linking.link(long, "related", made[2], by=me, at=now)
    return Desk(me, made, long, _short(now), _closed(me, now), _merged(me, long, now))


def letter_of(incident: Incident, words: str, at: datetime, **over: Any) -> Email:
    facts: dict[str, Any] = {"text": words, "reply_text": words, "received_at": at, **over}
    email = make_email(**facts)
    thread = incident.letters.order_by("pk").values_list("thread", flat=True).first()
    way = IncidentEmail.Way.THREAD if thread else IncidentEmail.Way.OPENED
    services.attach_email(incident, email, way=way, at=at, thread=thread)
    return email


def _row(number: int, now: datetime, people: list[User]) -> Incident:
    contractor = Contractor.objects.get_or_create(name=CONTRACTOR)[0]
    pole = None
    if number % 7 != 3:
        pole = make_pole(
            region_ru=REGIONS[number % len(REGIONS)],
            address="г. Нижневартовск, ул. Индустриальная, д. 12, корп. 3, стр. 1, территория подстанции «Северная»",
            contractor=contractor,
            latitude=58.6 + number / 100,
            longitude=49.6,
            contractor_phones=["+7 912 000-00-01", "+7 912 000-00-02"],
            contractor_emails=["avr-dispetcher-smeny@energo-primer.example"],
        )
    station = make_station(pole=pole) if pole and number % 2 else None
    types = list(IncidentType.objects.order_by("pk"))
    moment = now - timedelta(minutes=number * 7 + 1)
    return make_incident(
        subject=SUBJECTS[number % len(SUBJECTS)],
        status=STATUSES[number % len(STATUSES)],
        type=None if number % 6 == 5 else types[number % len(types)],
        pole=pole,
        base_station=station,
        operator=station.operators.first() if station else None,
        contractor=contractor if pole else None,
        assignee=people[number % 3] if number % 4 else None,
        opened_at=moment - timedelta(hours=3),
        active_at=moment,
        due_at=now + timedelta(minutes=(number - 3) * 25),
        has_news=number % 3 == 0,
        power_back_at=moment if number == 4 else None,
    )


def _long(incident: Incident, me: User, other: User, letters: int, now: datetime) -> Incident:
    began = now - timedelta(hours=3)
    for number in range(letters):
        at = began + timedelta(minutes=number * 5)
        words = f"Письмо {number + 1}. Питание не восстановлено.\n" + "Бригада в пути, ждём доступа на объект. " * 5
        over: dict[str, Any] = {"text": words + "\n\n> Когда приедете?\n> Ждём ответа", "reply_text": words}
        if number % 4 == 1:
            over["safe_html"] = clean_html(HTML)
        email = letter_of(incident, words, at, **over)
        if number % 5 == 2:
            _file(email, "Акт выполненных работ по восстановлению электроснабжения площадки от 17.08.2026.pdf")
    services.assign(incident, to=me, by=other, at=now - timedelta(minutes=30))
    services.add_comment(incident, "Звонил мастеру: будет через час.", by=me, at=now - timedelta(minutes=20))
    soon = now + timedelta(minutes=40)
    promises.promise(incident, giver="contractor", text="бригада будет на месте", due_at=soon, by=me, at=now)
    reminders.remind(incident, at=now - timedelta(minutes=1), text="перезвонить мастеру участка", by=me, now=now)
    ChecklistItem.objects.get_or_create(name_ru="Акт получен", name_en="Act received", is_required=True)
    Tag.objects.get_or_create(name="гарантия")
    incident.tag_rows.create(tag=Tag.objects.get(name="гарантия"))
    incident.refresh_from_db()
    return incident


def _file(email: Email, name: str) -> None:
    sha256 = store.put(b"%PDF-1.4\n")
    Attachment.objects.create(email=email, name=name, content_type="application/pdf", size=9, sha256=sha256)


def _short(now: datetime) -> Incident:
    return make_incident(subject="Звонок: искрит ввод", registration="manual", opened_at=now, active_at=now)


def _closed(me: User, now: datetime) -> Incident:
    at = now - timedelta(hours=1)
    return make_incident(
        status="closed", subject="Питание восстановлено", assignee=me, opened_at=at, active_at=at, closed_at=at
    )


def _merged(me: User, into: Incident, now: datetime) -> Incident:
    source = make_incident(subject="Та же авария", pole=into.pole, opened_at=now - timedelta(hours=1), active_at=now)
    letter_of(source, "Повторно: нет питания.", now - timedelta(minutes=50))
    source.refresh_from_db()
    moving.merge(source, into, by=me, at=now)
    source.refresh_from_db()
    return source
