from __future__ import annotations

import pytest
from django.conf import settings

from demo.towerstore import TowerStore
from towers import tasks
from towers.models import SyncRun


@pytest.mark.django_db
def test_the_task_synchronises_once(store: TowerStore) -> None:
    assert tasks.sync_towers() == SyncRun.State.DONE
    assert SyncRun.objects.count() == 1


def test_the_schedule_and_the_button_name_the_task_as_it_is() -> None:
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert tasks.sync_towers.name == "towers.tasks.sync_towers"
    assert tasks.sync_towers.name in scheduled
