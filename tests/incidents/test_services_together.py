"""Two people, or a person and a letter, change one incident at the same moment."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction

from incidents import services
from incidents.models import Incident, Status
from tests.factories import NOW, make_email, make_incident, make_user


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_letter_that_waits_for_a_status_change_joins_after_it():
    incident, person, email = make_incident(), make_user(), make_email()
    changing, failures = threading.Event(), []

    def change() -> None:
        try:
            with transaction.atomic():
                services.change_status(incident, Status.objects.get(key="inProgress"), by=person, at=NOW)
                changing.set()
                time.sleep(0.3)  # the letter waits for the lock meanwhile
        finally:
            connection.close()

    def attach() -> None:
        try:
            changing.wait(5)
            services.attach_email(incident, email, way="thread", at=NOW)
        except Incident.DoesNotExist as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for work in (change, attach)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    incident.refresh_from_db()
    assert not failures
    assert (incident.status.key, incident.letter_count) == ("inProgress", 1)
