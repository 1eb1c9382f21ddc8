"""Some weeks of a desk in rows, with every kind of incident that the dashboard tells apart."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from dispatchers.models import User
from incidents.models import Incident, IncidentEmail, IncidentType
from mailbox.models import Email
from sla import recomputing
from sla.figures import rebuilding
from tests.factories import make_email, make_incident, make_pole, make_user
from towers.models import Contractor, Operator, Pole

HOUR = timedelta(hours=1)


class Story:
    """`number` incidents opened within `days` before now, half of them twice as long ago. The same for one seed."""

    def __init__(self, number: int = 60, days: int = 14, *, contractors: int = 4, seed: int = 1) -> None:
        self.dice = random.Random(seed)
        self.now = timezone.now()
        self.days = days
        self.people = [make_user() for _n in range(3)]
        self.operators = [Operator.objects.create(name=f"Оператор {seed}.{n}", group=f"group{n % 2}") for n in range(3)]
        self.firms = [Contractor.objects.create(name=f"ООО «Подрядчик {seed}.{n}»") for n in range(contractors)]
        self.types = list(IncidentType.objects.all())
        self.poles = [self._pole(100 * seed + n) for n in range(12)]
        made = [self._incident() for _n in range(number)]
        made[0].merged_into = made[1]
        made[0].status, made[0].closed_at = made[-1].status, self.now
        made[0].save()
        recomputing.recompute(recomputing.load([each.pk for each in made]), self.now)
        assert rebuilding.rebuild(self.now)

    def _pole(self, number: int) -> Pole:
        region = ("Кировская область", "Пермский край", "Алтай", "")[number % 4]
        return make_pole(f"{41000 + number}-P-43", region_ru=region, contractor=self._one(self.firms))

    def _incident(self) -> Incident:
        dice = self.dice
        # Never near a whole hour ago: what is overdue, at risk or of an age stays so while a test looks twice.
        hours = int(48 * self.days * dice.random() ** 1.5)
        opened = self.now - timedelta(hours=hours, minutes=dice.uniform(15, 45))
        pole = dice.choice([*self.poles, None])
        facts: dict[str, Any] = {
            "type": dice.choice([*self.types, None]),
            "operator": dice.choice([*self.operators, None]),
            "assignee": dice.choice([*self.people, None]),
            "pole": pole,
            "contractor": pole.contractor if pole else None,
            "opened_at": opened,
            "active_at": opened,
            "status": "new",
        }
        handed = opened + dice.uniform(0, 8) * timedelta(minutes=1)
        done = handed + dice.random() * 40 * HOUR
        if dice.random() < 0.8 and handed < self.now:
            facts |= {"handed_over_at": handed, "status": "inProgress"}
            if done < self.now:
                facts |= {"contractor_done_at": done}
                if dice.random() < 0.85:
                    facts |= {"closed_at": done, "status": "closed"}
        incident = make_incident(**facts)
        self._answer(incident, opened)
        return incident

    def _answer(self, incident: Incident, opened: datetime) -> None:
        at = opened + self.dice.random() ** 3 * 6 * HOUR
        if at < self.now and self.dice.random() < 0.8:
            letter = make_email(direction=Email.Direction.OUT, received_at=at)
            IncidentEmail.objects.create(incident=incident, email=letter, thread=letter.pk, way=IncidentEmail.Way.CODE)

    def _one(self, firms: list[Contractor]) -> Contractor | None:
        return self.dice.choice([*firms, None])

    @property
    def person(self) -> User:
        return self.people[0]
