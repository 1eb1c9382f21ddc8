"""Builders of rows for tests: plain functions, each fact has a believable default that a test overrides."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from dispatchers.models import User
from dispatchers.roles import Role
from incidents.models import Incident, IncidentType, Status
from mailbox.models import Email
from towers import lookup
from towers.models import BaseStation, Contractor, Operator, Pole

NOW = datetime(2026, 8, 18, 12, 0, tzinfo=UTC)
_numbers = count(1)


def make_user(role: str = Role.DISPATCHER, **over: Any) -> User:
    """Somebody on shift; the password is `secret`."""
    n = next(_numbers)
    facts = {"username": f"user{n}", "last_name": f"Фамилия{n}", "first_name": "Имя", "on_shift": True, **over}
    user = User(role=role, **facts)
    user.set_password("secret")
    user.save()
    return user


def make_pole(code: str = "", **over: Any) -> Pole:
    code = code or f"{41000 + next(_numbers)}-P-43-1-1"
    facts: dict[str, Any] = {"code_key": code, "region_ru": "Кировская область", "address": "д. Стулово", **over}
    facts.setdefault("contractor", Contractor.objects.get_or_create(name="ООО «Пример-Энерго»")[0])
    lookup.forget()
    return Pole.objects.create(code=code, **facts)


def make_station(name: str = "", pole: Pole | None = None, operator: str = "Т2", **over: Any) -> BaseStation:
    name = name or f"KI{next(_numbers):06}"
    station = BaseStation.objects.create(name=name, name_key=name, pole=pole or make_pole(), **over)
    lookup.forget()
    if operator:
        station.operators.add(Operator.objects.get_or_create(name=operator, defaults={"group": "tele2"})[0])
    return station


def make_incident(**over: Any) -> Incident:
    """An open incident as a letter opened it; `status` and `type` may be given by key."""
    n = next(_numbers)
    status, kind = over.pop("status", "new"), over.pop("type", None)
    facts: dict[str, Any] = {
        "code": f"NT-{200000 + n}",
        "subject": f"Отсутствует ВЭС {n}",
        "registration": Incident.Registration.MAIL,
        "requester_email": "noc@operator.example",
        "opened_at": NOW,
        "active_at": NOW,
        **over,
    }
    return Incident.objects.create(
        status=Status.objects.get(key=status) if isinstance(status, str) else status,
        type=IncidentType.objects.get(key=kind) if isinstance(kind, str) else kind,
        **facts,
    )


def make_email(**over: Any) -> Email:
    """A stored letter; not yet in any incident."""
    n = next(_numbers)
    facts: dict[str, Any] = {
        "sha256": f"{n:064x}",
        "content_key": f"{n:064x}",
        "size": 1000,
        "direction": Email.Direction.IN,
        "kind": Email.Kind.HUMAN,
        "subject": "Отсутствует ВЭС",
        "from_name": "NOC",
        "from_email": "noc@operator.example",
        "to": [{"name": "", "email": "desk@towers.example"}],
        "received_at": NOW,
        "message_id": f"<{n}@operator.example>",
        "text": "Нет питания.",
        "reply_text": "Нет питания.",
        **over,
    }
    return Email.objects.create(**facts)
