"""What the pictures of docs/screens show beside the demo's month: an incident in full work, views, reminders, links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count

from dispatchers.models import User
from incidents import (
    canned,
    composer_leaving,
    linking,
    moving,
    promises,
    reminders,
    saved_views,
    services,
    watching,
    work,
)
from incidents.composer_people import Kind
from incidents.models import ChecklistItem, Incident, IncidentType
from incidents.reply_forms import Said
from mailbox.composing import Person
from mailbox.models import Email, Outgoing, SenderRule
from sla import calendar_deeds, changing, russian_days, warnings
from sla.calendar_sheets import Sheet
from sla.models import DeadlineWarning
from towers.models import Pole

OFFICE = "office"
CANNED = (
    ("Бригада выехала", "Добрый день! Бригада {{ contractor }} выехала на площадку {{ pole }}."),
    ("Нужен доступ", "Добрый день! Просим согласовать доступ на площадку {{ pole }}, {{ address }}."),
    ("Уточните площадку", "Добрый день! По письму площадка не определяется. Пришлите шифр опоры или номер БС."),
)
ITEMS = (("Связаться с подрядчиком", "Call the contractor"), ("Получить акт", "Get the act"))


@dataclass(frozen=True)
class Cast:
    """What the addresses of the pictures name."""

    card: str
    merged: str
    letter: int
    pole: str
    contractor: str
    station: str
    words: str
    rule: int
    calendar: str


def play(now: datetime) -> Cast:
    """Do the deeds, once; a second run finds them done and does nothing."""
    me = User.objects.get(username="dispatcher")
    incident = _busiest(me)
    pole = incident.pole
    assert pole is not None
    if not incident.tag_rows.exists():
        _work_on(incident, me, now)
        _fill_the_desk_of(me, incident, now)
        _let_others_act(me, now)
        _trouble_the_mail(incident, me, now)
    rules = _rules(User.objects.get(username="administrator"), now)
    if not DeadlineWarning.objects.exists():
        # What the beat would have said in the hours that the demo's month was made in.
        warnings.find(now, since=now - timedelta(days=1))
    merged = Incident.objects.filter(merged_into__isnull=False).earliest("pk")
    letter = Email.objects.filter(place__incident=incident, direction=Email.Direction.IN).earliest("received_at")
    return Cast(
        card=incident.code,
        merged=merged.code,
        letter=letter.pk,
        pole=_busiest_pole(),
        contractor=str(pole.contractor_id or ""),
        station=incident.base_station.name if incident.base_station else pole.code,
        words="бригада на месте",
        rule=len(rules["rules"]),
        calendar=OFFICE,
    )


def _rules(keeper: User, now: datetime) -> Mapping[str, Any]:
    """The rules with a calendar of working days, by which planned upkeep is counted in one region."""
    newest = changing.newest()
    before: Mapping[str, Any] = newest.document
    if OFFICE in before["calendars"]:
        return before
    week = tuple(((9 * 60, 18 * 60),) if day < 5 else () for day in range(7))
    sheet = russian_days.take(Sheet("Рабочие дни", before["zone"], week), now.year, short=True)
    document = calendar_deeds.with_sheet(before, OFFICE, sheet)
    regions = Pole.objects.exclude(region_ru="").order_by("region_ru").values_list("region_ru", flat=True)
    rule = {"clock": "work:eks", "minutes": 10 * 9 * 60, "calendar": OFFICE, "match": {"region": [regions[0]]}}
    rule |= {"pauses": ["needAcceptance"], "warn": [12 * 60], "escalate": 60, "name": "Плановые работы"}
    document["rules"] = [*document["rules"], rule]
    why = "Плановые работы считаем по рабочим дням"
    changing.save(document, by=keeper, why=why, now=now, based_on=newest.number)
    return document


def _busiest(me: User) -> Incident:
    """The open incident with the most letters on a pole with coordinates and a contractor; from now on it is mine."""
    tagged = Incident.objects.filter(tag_rows__isnull=False).first()
    if tagged:
        return tagged
    rows = Incident.objects.open().filter(pole__latitude__isnull=False, pole__contractor__isnull=False)
    return rows.filter(status__status_class="active").order_by("-letter_count", "-opened_at").earliest("-letter_count")


def _work_on(incident: Incident, me: User, now: datetime) -> None:
    services.assign(incident, to=me, by=me, at=now - timedelta(minutes=40))
    if incident.type is None:
        services.set_type(incident, IncidentType.objects.earliest("position"), by=me, at=now - timedelta(minutes=39))
    for ru, en in ITEMS:
        ChecklistItem.objects.get_or_create(name_ru=ru, name_en=en, is_required=True)
    for name in ("гололёд", "VIP"):
        work.tag(incident, name, by=me, at=now - timedelta(minutes=38))
    work.mark(incident, ChecklistItem.objects.earliest("pk"), done=True, by=me, at=now - timedelta(minutes=36))
    work.start_work(incident, "dgu", since=now - timedelta(minutes=55), by=me, at=now - timedelta(minutes=30))
    promises.promise(
        incident,
        giver=Incident.Ball.CONTRACTOR,
        text="бригада будет на месте",
        due_at=now + timedelta(minutes=42),
        by=me,
        at=now - timedelta(minutes=20),
    )
    note = "Дозвонился до бригады: выехали, ключи у охраны на въезде."
    services.add_comment(incident, note, by=me, at=now - timedelta(minutes=18))
    reminders.remind(incident, at=now + timedelta(hours=1), text="позвонить бригаде", by=me, now=now)


def _fill_the_desk_of(me: User, incident: Incident, now: datetime) -> None:
    others = list(
        Incident.objects.open().exclude(pk=incident.pk).filter(pole__isnull=False).order_by("-opened_at")[:12]
    )
    for other in others[:5]:
        services.assign(other, to=me, by=me, at=now - timedelta(minutes=15))
        reminders.remind(other, at=now + timedelta(minutes=25 * (other.pk % 7 + 1)), text="", by=me, now=now)
    linking.link(incident, "related", others[5], by=me, at=now - timedelta(minutes=12))
    linking.link(incident, "parent", others[6], by=me, at=now - timedelta(minutes=11))
    moving.merge(others[7], others[8], by=me, at=now - timedelta(minutes=9))
    for name, query, shared in (
        ("Ждём подрядчика", "status=peredanoPodradciku", False),
        ("Без площадки", "queue=no_site", False),
    ):
        saved_views.save(me, name, query, is_shared=shared)
    for name, text in CANNED:
        canned.save(me, name, text, is_shared=False, at=now)


def _let_others_act(me: User, now: datetime) -> None:
    """Colleagues work on what I watch."""
    colleague = User.objects.filter(role=me.role, on_shift=True).exclude(pk=me.pk).earliest("pk")
    for incident in Incident.objects.open().filter(assignee=colleague).order_by("-active_at")[:3]:
        watching.watch(incident, on=True, by=me, at=now - timedelta(minutes=30))
        services.add_comment(incident, "Бригада на месте, ищут причину.", by=colleague, at=now - timedelta(minutes=6))


@transaction.atomic
def _trouble_the_mail(incident: Incident, me: User, now: datetime) -> None:
    """Rules for senders, and a letter that its receiver's server refused."""
    SenderRule.objects.create(
        sender="robot@monitoring.example", action=SenderRule.Action.OPEN, note="тревоги мониторинга", author=me
    )
    SenderRule.objects.create(sender="@news.example", action=SenderRule.Action.KEEP, note="рассылка", author=me)
    to = (Person("Смена ЦУС", "smena@megafon.example"),)
    text = "Добрый день! Уточните, пожалуйста, кто встретит бригаду на площадке."
    said = Said(kind=Kind.NEW, text=text, subject=incident.subject, to=to)
    letter = composer_leaving.send(incident, said, by=me, at=now - timedelta(minutes=10), form={})
    refusal = "550 5.1.1 <smena@megafon.example>: user unknown"
    # In the transaction that queues it, so nobody sends it before.
    Outgoing.objects.filter(pk=letter.pk if letter else 0).update(
        state=Outgoing.State.FAILED, said=refusal, attempts=1, next_try_at=None
    )


def _busiest_pole() -> str:
    rows = Pole.objects.filter(latitude__isnull=False, incidents__closed_at=None).annotate(n=Count("incidents"))
    return rows.order_by("-n", "pk")[0].code
