"""/healthz: whether this installation works, for load balancers, containers and the launcher.

/readyz: whether mail comes as well, and people are warned of deadlines, for whoever watches the desk. Nobody restarts
a container because of it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import psycopg
import redis
from django.apps import apps
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connections
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.embedded import paths, state
from mailbox import health
from sla import ticks

LIMIT_SECONDS = 2


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when everything started and answers; else 503 with the names of what is missing."""
    missing = problems()
    status = HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK
    return JsonResponse({"status": "not ready" if missing else "ok", "missing": missing}, status=status)


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """As /healthz, and 503 too when `mail` is not read, `letters` are not taken, nobody looks for `warnings`, or the
    mirror of the `tracker` stands still.

    Folders go by their numbers.
    """
    missing = problems()
    mail: dict[str, Any] = {}
    if not {"database", "migrations"} & set(missing):
        mail = _mail()
        missing += mail.pop("behind", ["database"]) + _tracker()
    status = HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK
    return JsonResponse({"status": "not ready" if missing else "ok", "missing": missing, **mail}, status=status)


def _mail() -> dict[str, Any]:
    """What is behind by name, and in seconds by how much; nothing if the database went away meanwhile."""
    now = timezone.now()
    try:
        alarm, lags, standing = health.alarm(now), health.lags(now), ticks.standing(ticks.WARNINGS, now)
    except DatabaseError:
        return {}
    untaken = now - alarm.untaken_since if alarm.untaken_since else None
    return {
        "behind": [
            name
            for name, is_so in (("mail", alarm.late), ("letters", untaken), ("warnings", standing.is_alarming))
            if is_so
        ],
        "behind_folders": [late.folder.pk for late in alarm.late],
        "lag_seconds": {str(pk): int(lag.total_seconds()) for pk, lag in lags.items()},
        "letters_wait_seconds": int(untaken.total_seconds()) if untaken else 0,
        "warnings_lag_seconds": int(standing.lag.total_seconds()),
    }


def _tracker() -> list[str]:
    """The app can be taken out of INSTALLED_APPS."""
    if not apps.is_installed("tracker_bridge"):
        return []
    from tracker_bridge import health as mirror

    try:
        return ["tracker"] if mirror.is_behind(timezone.now()) else []
    except DatabaseError:
        return ["database"]


def problems() -> list[str]:
    """What does not work right now, by name: `database`, `migrations`, `broker`, `start`."""
    found = [*_database(), *_broker()]
    # The launcher says so when all it started answers and the demo's history stands.
    launched = state.under_launcher() or not settings.PRODUCTION
    if launched and not state.is_ready(settings.VAR_DIR):
        found.append("start")
    return found


def _database() -> list[str]:
    """A connection of its own: one of the pool's would be waited for too long, and proves less."""
    wanted = connections["default"].get_connection_params()
    place = {name: wanted[name] for name in ("dbname", "user", "password", "host", "port") if name in wanted}
    try:
        with psycopg.connect(**place, connect_timeout=LIMIT_SECONDS, autocommit=True) as connection:
            row = connection.execute("SELECT to_regclass('incidents_incident') IS NOT NULL").fetchone()
    except psycopg.Error:
        return ["database"]
    return [] if row and row[0] else ["migrations"]


def _broker() -> list[str]:
    url = settings.REDIS_URL or paths.redis_client_url(settings.VAR_DIR)
    try:
        with redis.Redis.from_url(url, socket_timeout=LIMIT_SECONDS, socket_connect_timeout=LIMIT_SECONDS) as broker:
            broker.ping()
    except (redis.RedisError, OSError):
        return ["broker"]
    return []
