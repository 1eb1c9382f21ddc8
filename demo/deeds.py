"""What the people of the desk did in the invented month, by the product's own services.

A day's deeds are one transaction: a day is done or not begun.
"""

import logging
from datetime import datetime

from django.db import connection, transaction

from demo.history import DAY, is_on, opened_by
from demo.stories import Deed, Story
from dispatchers.models import User
from incidents import events, services
from incidents.errors import DomainError
from incidents.models import Incident, IncidentEvent, IncidentType, Status
from incidents.moving import tried_again
from towers.models import Pole

logger = logging.getLogger(__name__)

# pg_advisory_lock: one process at a time does deeds.
LOCK = 0x64656D6F


class Deeds:
    def __init__(self, stories: list[Story]) -> None:
        self._stories = stories
        self._statuses = {status.key: status for status in Status.objects.all()}
        self._types = {kind.key: kind for kind in IncidentType.objects.all()}
        self._people = list(User.objects.eligible().order_by("pk"))
        self._incidents: dict[int, Incident] = {}
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])

    @tried_again
    @transaction.atomic
    def do(self, day: datetime) -> None:
        """Do all deeds of this day in the order of time; a day that was done stays as it is."""
        if IncidentEvent.objects.filter(at__gte=day, at__lt=day + DAY).exclude(actor=None).exists():
            return
        deeds = [
            (deed.at, number, deed)
            for number, story in enumerate(self._stories)
            for deed in story.deeds
            if is_on(day, deed.at)
        ]
        # What an earlier attempt knew of them was rolled back.
        self._incidents.clear()
        self._lock({number for _, number, _ in deeds})
        with events.reactions_at_the_end():
            for _, number, deed in sorted(deeds, key=lambda item: item[:2]):
                incident = self._incident(number)
                if incident is None:
                    continue
                try:
                    self._incidents[number] = self._do(incident, deed)
                except DomainError as refusal:
                    # The invented people try what real ones would; the desk's rules decide.
                    logger.info("%s: %s", incident.code, refusal)
        self._mark_read({number for _, number, _ in deeds})

    def _lock(self, numbers: set[int]) -> None:
        """All of the day's incidents at once and in order: letters arrive for them at the same time."""
        found = (self._incident(number) for number in sorted(numbers))
        pks = [incident.pk for incident in found if incident]
        list(Incident.objects.select_for_update().filter(pk__in=pks).order_by("pk"))

    def _mark_read(self, numbers: set[int]) -> None:
        """Whoever worked on an incident has read its letters; of the open ones not all."""
        for number in numbers & self._incidents.keys():
            if not self._incidents[number].is_open or number % 3:
                services.mark_read(self._incidents[number])

    def _do(self, incident: Incident, deed: Deed) -> Incident:
        person = incident.assignee or self._people[incident.pk % len(self._people)]
        if incident.assignee is None:
            incident = services.assign(incident, to=person, by=person, at=deed.at)
        if deed.what == "status":
            return services.change_status(incident, self._statuses[deed.value], by=person, at=deed.at)
        if deed.what == "type":
            return services.set_type(incident, self._types[deed.value], by=person, at=deed.at)
        if deed.what == "note":
            services.add_comment(incident, deed.value, by=person, at=deed.at)
        elif incident.pole_id is None:
            pole = Pole.objects.get(code=deed.value)
            return services.link_asset(incident, pole=pole, station=None, by=person, at=deed.at)
        return incident

    def _incident(self, number: int) -> Incident | None:
        """The story's incident; one told by phone is registered with its first deed."""
        if number not in self._incidents:
            story = self._stories[number]
            found = self._by_phone(story) if story.by_phone else opened_by(story.opening)
            if found is None:
                return None
            self._incidents[number] = found
        return self._incidents[number]

    def _by_phone(self, story: Story) -> Incident:
        subject = f"Звонок: нет питания, {story.opening.site}"
        manual = Incident.objects.filter(registration=Incident.Registration.MANUAL, opened_at=story.at)
        found = manual.filter(subject=subject).first()
        if found is None:
            person = self._people[story.at.minute % len(self._people)]
            found = services.open_by_hand(subject, by=person, at=story.at)
        return found
