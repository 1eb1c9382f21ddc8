"""The mirror taken out of INSTALLED_APPS, and the one setting with it: the desk knows nothing of it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings

CHILD = """
import sys
import django
django.setup()
from django.core.management import call_command
from django.test import Client
from django.test.runner import DiscoverRunner
from django.urls import reverse

call_command("check")
runner = DiscoverRunner(verbosity=0, interactive=False)
databases = runner.setup_databases()
try:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
    from django.db import connection
    assert connection.settings_dict["NAME"] == "test_without_tracker"
    assert not [name for name in connection.introspection.table_names() if name.startswith("tracker_bridge")]
    from incidents import intake, services
    from incidents.models import Incident
    from mailbox import inbox
    from tests.factories import NOW, make_user
    from tests.written import letter
    inbox.receive(letter(), direction="in", received_at=NOW)
    assert intake.take_next(NOW)
    incident = Incident.objects.get()
    person = make_user(role="administrator")
    services.take(incident, by=person, at=NOW)
    services.add_comment(incident, "Звонил", by=person, at=NOW)
    client = Client(HTTP_HOST="localhost")
    client.force_login(person)
    for place in ("/", incident.get_absolute_url(), "/letters/", "/mail/", "/sla/", "/map/", "/towers/", "/admin/"):
        answer = client.get(place, follow=True)
        assert answer.status_code == 200, (place, answer.status_code)
        assert "/tracker/" not in answer.content.decode(), place
    assert client.get("/tracker/").status_code == 404
    call_command("cleanup", verbosity=0)
    assert "tracker" not in client.get("/readyz").json()["missing"]
finally:
    runner.teardown_databases(databases)
assert not [name for name in sys.modules if name.startswith("tracker_bridge")]
print("works")
"""


@pytest.mark.slow
def test_the_desk_works_without_the_mirror(db: None) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.without_tracker", "TRACKER_BACKEND": ""}
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.endswith("works\n"), done.stderr
