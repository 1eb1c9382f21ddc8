"""What the nightly cleaning takes from the mirror, and what it leaves."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from incidents import services
from incidents.models import Comment, IncidentEmail
from tests.factories import make_email, make_user
from tests.tracker_bridge.conftest import Bridge
from tests.tracker_bridge.listed import make_conflict, make_job
from tracker_bridge import job_deeds, outdated, sweeping
from tracker_bridge.models import Conflict, Job, MirroredComment

pytestmark = pytest.mark.django_db

DAY = 24 * 60


@pytest.fixture(autouse=True)
def _own_folders(settings: Any, tmp_path: Any) -> None:
    settings.LOG_DIR, settings.BACKUP_DIR = tmp_path / "logs", tmp_path / "backups"


def test_what_ended_a_quarter_ago_goes_and_everything_else_stays(bridge: Bridge, capsys: Any) -> None:
    old = [make_job("done", minutes=91 * DAY), make_job("skipped", minutes=91 * DAY, backend="yandex")]
    for state in ("done", "skipped"):
        make_job(state, minutes=89 * DAY)
    for state in ("waiting", "dead"):
        make_job(state, minutes=400 * DAY)
    conflict, recent = make_conflict(minutes=91 * DAY), make_conflict(minutes=89 * DAY)
    jobs = set(Job.objects.values_list("pk", flat=True)) - {job.pk for job in old}

    call_command("cleanup")
    assert Job.objects.count() == len(jobs) + 2
    assert Conflict.objects.filter(pk=conflict.pk).exists()

    call_command("cleanup", "--delete")
    assert set(Job.objects.values_list("pk", flat=True)) == jobs
    assert Conflict.objects.get() == recent


def test_nothing_is_told_twice_or_after_all_when_its_job_is_gone(bridge: Bridge) -> None:
    incident = bridge.open()
    bridge.sync()
    told, skipped = (make_email(text=text) for text in ("Рассказано", "Пропущено"))
    for email in (told, skipped):
        IncidentEmail.objects.create(incident=incident, email=email, way="thread", thread=email.pk)
    sweeping.add_missing_letters(bridge.mirror, bridge.now)
    note = services.add_comment(incident, "Звонок", by=make_user(), at=bridge.now)
    refused = Job.objects.get(email=skipped)
    job_deeds.many(job_deeds.skip, "memory", [refused.pk], by=make_user(), now=bridge.now)
    bridge.sync()
    before = [each.text for each in bridge.backend.comments(bridge.issue(incident).ref)]

    bridge.wait(days=91)
    outdated.jobs(bridge.now).delete()

    assert list(Job.objects.all()) == [refused]
    assert Comment.objects.filter(pk=note.pk).exists()
    sweeping.add_missing_letters(bridge.mirror, bridge.now)
    bridge.sync()
    after = [each.text for each in bridge.backend.comments(bridge.issue(incident).ref)]
    assert after == before
    assert MirroredComment.objects.filter(email=told).exists()
    assert not any("Пропущено" in text for text in after)
