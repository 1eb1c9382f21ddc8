"""Having work of the mirror begun sooner than by the clock."""

from __future__ import annotations

import logging
import threading
from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError as BrokerError

logger = logging.getLogger(__name__)


def wake(task: str, *given: Any, expires: int = 60) -> None:
    """Returns at once, whatever the broker does: without it the clock does the same a little later."""
    threading.Thread(target=_send, args=(f"tracker_bridge.tasks.{task}", given, expires), daemon=True).start()


def _send(name: str, given: tuple[Any, ...], expires: int) -> None:
    try:
        current_app.send_task(name, given, expires=expires)
    except BrokerError as error:
        logger.info("%s is left to the clock: %s", name, type(error).__name__)
