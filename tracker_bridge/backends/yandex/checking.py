"""Whether all is there that the settings name: the first thing to look at when nothing is mirrored."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from django.utils.translation import gettext as _

from tracker_bridge.backends.yandex.config import YandexConfig
from tracker_bridge.backends.yandex.http import Calls
from tracker_bridge.protocol import AuthNeeded, Gone, Problem, Refused


def problems(calls: Calls, config: YandexConfig) -> list[Problem]:
    """Every one of them; those without which nothing works come first and alone."""
    fatal = list(_access(calls, config))
    return fatal or [*_statuses(calls, config), *_fields(calls, config)]


def _access(calls: Calls, config: YandexConfig) -> Iterator[Problem]:
    try:
        me = calls.read("v2/myself").body
    except AuthNeeded as error:
        yield Problem("token", _("The token is not accepted: %(words)s") % {"words": error}, is_fatal=True)
        return
    except Refused as error:
        yield Problem("organisation", _("The organisation does not let us in: %(words)s") % {"words": error}, True)
        return
    if not me.get("hasLicense", True):
        words = _("%(login)s may only read: the organisation has given no licence.") % {"login": me.get("login")}
        yield Problem("licence", words, is_fatal=True)
    try:
        calls.read(f"v2/queues/{quote(config.queue)}")
    except (Gone, Refused):
        words = _("There is no queue %(key)s, or we may not see it. Keys are written in capitals.")
        yield Problem("queue", words % {"key": config.queue}, is_fatal=True)


def _statuses(calls: Calls, config: YandexConfig) -> Iterator[Problem]:
    there = {str(each["key"]) for each in calls.read("v2/statuses/").body}
    for key in sorted(config.statuses - there):
        yield Problem("status", _("There is no status with the key %(key)s.") % {"key": key})


def _fields(calls: Calls, config: YandexConfig) -> Iterator[Problem]:
    there = {str(each["id"]): each for each in calls.read("v2/fields/").body}
    for each in calls.read(f"v3/queues/{quote(config.queue)}/localFields").body:
        there[str(each["id"])] = there[str(each["key"])] = each
    for name, remote in sorted(config.fields.items()):
        facts = {"field": remote, "name": name}
        if remote and remote not in there:
            yield Problem("field", _("There is no field %(field)s for “%(name)s”.") % facts)
        elif remote and there[remote].get("readonly"):
            yield Problem("readonly", _("The field %(field)s for “%(name)s” cannot be written.") % facts)
