"""Whether all is there that a mirror in Redmine needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from tracker_bridge.protocol import AuthNeeded, Gone, Misconfigured, Problem, Refused

if TYPE_CHECKING:
    from tracker_bridge.backends.redmine import RedmineBackend


def problems(backend: RedmineBackend) -> list[Problem]:
    """Every one; of those without which nothing works the first alone, since the others come of it."""
    return list(_fatal(backend)) or list(_missing(backend))


def _fatal(backend: RedmineBackend) -> Iterator[Problem]:
    tracker = backend.tracker
    facts = {"name": tracker.queue, "field": tracker.key_field, "tracker": tracker.issue_type}
    try:
        projects = [each["project"]["id"] for each in backend.us.get("memberships", ())]
        if backend.project["id"] not in projects and not backend.us.get("admin"):
            yield Problem("member", _("The user of the key is no member of %(name)s.") % facts, True)
        elif (key := backend.numbered(tracker.key_field)) is None:
            words = _("There is no field “%(field)s” for our keys. Without any issue, name fields by their numbers.")
            yield Problem("key_field", words % facts, True)
        elif backend.listed(**{f"cf_{key}": "no such key"}).body["issues"]:
            yield Problem("key_filter", _("The field “%(field)s” has to be “Used as a filter”.") % facts, True)
    except AuthNeeded:
        yield Problem("token", _("Redmine does not accept the key."), True)
    except (Refused, Gone):
        words = _("There is no project %(name)s, or we may not see it, or Redmine’s REST API is switched off.")
        yield Problem("project", words % facts, True)
    except Misconfigured:
        yield Problem("tracker", _("The project has no tracker “%(tracker)s”.") % facts, True)


def _missing(backend: RedmineBackend) -> Iterator[Problem]:
    for name in sorted(backend.expected - backend.statuses.keys()):
        words = _("There is no status named “%(name)s”. Create it, or name another by TRACKER_STATUSES.")
        yield Problem("status", words % {"name": name})
    for name in sorted(backend.tracker.fields.keys() - backend.fields.keys()):
        words = _("There is no field %(field)s for “%(name)s”. Create it, or clear its setting.")
        yield Problem("field", words % {"field": backend.tracker.fields[name], "name": name})
