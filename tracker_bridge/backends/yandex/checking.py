"""Whether all is there that the settings name: the first thing to look at when nothing is mirrored.

Each problem says what is wrong and what to do about it; tests know it by its code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from tracker_bridge import field_words
from tracker_bridge.backends.yandex.config import YandexConfig
from tracker_bridge.backends.yandex.http import Calls
from tracker_bridge.protocol import AuthNeeded, Gone, Problem, Refused

# Letters' moments would be wrong over there, and tokens seem to end too early.
LARGEST_SKEW = timedelta(minutes=1)
# Types of fields that take what we write, by our names; all others hold text.
TYPES = {
    "database_id": ("integer", "float"),
    "email_datetime": ("datetime",),
    "sla_deadline": ("datetime",),
}
TEXT = ("string", "text")

Field = Mapping[str, Any]


def problems(calls: Calls, config: YandexConfig) -> list[Problem]:
    """Every one of them; those without which nothing works come first and alone."""
    fatal = list(_access(calls, config))
    if any(each.is_fatal for each in fatal):
        return fatal
    names = {str(each["key"]): str(each.get("name") or each["key"]) for each in calls.read("v2/statuses/").body}
    return [*fatal, *_statuses(names, config), *_steps(calls, config, names), *_fields(calls, config)]


def _access(calls: Calls, config: YandexConfig) -> Iterator[Problem]:
    try:
        answer = calls.read("v2/myself")
    except AuthNeeded as error:
        words = _("The token is not accepted: %(words)s Connect anew on the page “Connection”.")
        yield Problem("token", words % {"words": error}, is_fatal=True)
        return
    except Refused as error:
        words = _(
            "The organisation does not let us in: %(words)s Look at YT_ORGANIZATION_ID; an organisation of Yandex "
            "Cloud needs YT_ORGANIZATION_IS_CLOUD=true as well."
        )
        yield Problem("organisation", words % {"words": error}, is_fatal=True)
        return
    yield from _clock(answer.headers)
    if not answer.body.get("hasLicense", True):
        words = _("%(login)s may only read. Give this user full access in the settings of the organisation.")
        yield Problem("licence", words % {"login": answer.body.get("login")}, is_fatal=True)
    yield from _queue(calls, config, str(answer.body.get("login")))


def _clock(headers: Mapping[str, str]) -> Iterator[Problem]:
    try:
        skew = datetime.now(UTC) - parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError):
        return
    if abs(skew) > LARGEST_SKEW:
        facts = {"seconds": abs(round(skew.total_seconds()))}
        words = (
            _("The clock of this server is %(seconds)s s ahead of Tracker's. Set it by NTP.")
            if skew > timedelta()
            else _("The clock of this server is %(seconds)s s behind Tracker's. Set it by NTP.")
        )
        yield Problem("clock", words % facts)


def _queue(calls: Calls, config: YandexConfig, login: str) -> Iterator[Problem]:
    queue = f"v2/queues/{quote(config.queue)}"
    try:
        calls.read(queue)
    except (Gone, Refused):
        words = _(
            "There is no queue %(key)s, or %(login)s may not see it. Keys are written in capitals; access is given in "
            "the settings of the queue."
        )
        yield Problem("queue", words % {"key": config.queue, "login": login}, is_fatal=True)
        return
    for right in ("create", "write"):
        try:
            calls.read(f"{queue}/checkPermissions/{right}")
        except Refused:
            words = _("%(login)s may not %(right)s in the queue %(key)s. Give it the right in the queue's settings.")
            facts = {"login": login, "key": config.queue, "right": right}
            yield Problem("rights", words % facts, is_fatal=True)
        except Gone:
            # Not every installation answers this; the first write will.
            return


def _statuses(names: Mapping[str, str], config: YandexConfig) -> Iterator[Problem]:
    for key in sorted(config.statuses - names.keys()):
        words = _(
            "There is no status with the key %(key)s. Create it, or name the one that means the same by "
            "TRACKER_STATUSES."
        )
        yield Problem("status", words % {"key": key})


def _steps(calls: Calls, config: YandexConfig, names: Mapping[str, str]) -> Iterator[Problem]:
    """Steps of ours that the workflow lacks, seen on one issue of each status; none there, nothing is known."""
    wanted = defaultdict(set)
    for start, end in config.steps():
        if start in names and end in names:
            wanted[start].add(end)
    for start in sorted(wanted, key=list(names).index):
        found = calls.read(
            "v2/issues/_search", post={"filter": {"queue": config.queue, "status": start}}, perPage=1, page=1
        ).body
        if not found:
            continue
        listed = calls.read(f"v2/issues/{quote(str(found[0]['id']))}/transitions").body
        missing = wanted[start] - {str(each["to"]["key"]) for each in listed}
        if missing:
            words = _("The workflow has no step from “%(start)s” to %(ends)s (looked at %(key)s). Add it.")
            ends = ", ".join(f"“{names[key]}”" for key in names if key in missing)
            yield Problem("step", words % {"start": names[start], "ends": ends, "key": found[0]["key"]})


def _fields(calls: Calls, config: YandexConfig) -> Iterator[Problem]:
    there = {str(each["id"]): each for each in calls.read("v2/fields/").body}
    for each in calls.read(f"v3/queues/{quote(config.queue)}/localFields").body:
        there[str(each["id"])] = there[str(each["key"])] = each
    values = config.values()
    for name, remote in sorted(config.fields.items()):
        if remote and remote not in there:
            words = _("There is no field %(field)s for “%(name)s”. Create it, or clear its setting.")
            yield Problem("field", words % {"field": remote, "name": field_words.name(name)})
        elif remote:
            yield from _field(name, remote, there[remote], values.get(name, ()))


def _field(name: str, remote: str, field: Field, values: Collection[str]) -> Iterator[Problem]:
    facts = {"field": remote, "name": field_words.name(name)}
    if field.get("readonly"):
        yield Problem("readonly", _("The field %(field)s for “%(name)s” cannot be written. Open it for us.") % facts)
    kind = str((field.get("schema") or {}).get("type") or "")
    wanted = TYPES.get(name, TEXT)
    if kind and kind not in wanted:
        words = _("The field %(field)s for “%(name)s” is of the type %(type)s. Create one of the type %(wanted)s.")
        yield Problem("type", words % {**facts, "type": kind, "wanted": wanted[0]})
    options = (field.get("optionsProvider") or {}).get("values")
    missing = [value for value in values if value not in options] if isinstance(options, list) else []
    if missing:
        words = _("The field %(field)s for “%(name)s” lacks the values %(values)s. Add them.")
        yield Problem("option", words % {**facts, "values": ", ".join(f"“{value}”" for value in missing)})
