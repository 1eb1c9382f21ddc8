"""The Celery application: `celery -A config worker -B`. Messages are only wake-ups; the work is rows."""

import logging
import os
from typing import Any

from celery import Celery, Task

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

logger = logging.getLogger(__name__)


class Patient(Task):  # type: ignore[type-arg]
    """A task that finds no database does nothing, with a word in the log: the clock finds its rows when it is back.

    As a failure each would cost a traceback, in the log and in memory, every second for as long as it lasts.
    """

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # Django's settings are not read yet when this module is.
        from django.db import DatabaseError

        from config.database_pool import is_away

        try:
            return super().__call__(*args, **kwargs)
        except DatabaseError as error:
            if not is_away(error):
                raise
            logger.warning("%s: there is no database: %s", self.name, error)
            return None


app = Celery("dispatch", task_cls=Patient)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
