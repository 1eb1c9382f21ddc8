"""Whether a token opens what the mirror needs: real calls, in the order in which they can fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from config.tracker import TrackerSettings
from tracker_bridge.backends.yandex import YandexConfig
from tracker_bridge.backends.yandex.http import Calls
from tracker_bridge.protocol import AuthNeeded, Gone, Refused, TrackerError

STEPS = ("token", "organisation", "licence", "queue")
HEADERS = {False: "X-Org-ID", True: "X-Cloud-Org-ID"}


@dataclass(frozen=True, slots=True)
class Step:
    """`passed` is None for what was not tried any more; `words` say what is wrong, or what was found."""

    name: str
    passed: bool | None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the tracker said. `is_cloud`: which header of the organisation fits, if any did."""

    steps: tuple[Step, ...]
    owner: str = ""
    is_cloud: bool | None = None

    @property
    def is_good(self) -> bool:
        return all(step.passed for step in self.steps)


class _Only:
    """The keys of one trial: what is refused is refused."""

    def __init__(self, token: str) -> None:
        self._token = token

    def current(self) -> str:
        return self._token

    def renewed(self, refused: str) -> str:
        raise AuthNeeded(_("Tracker does not know this token: it has ended, was taken back, or is another service's."))


@sensitive_variables()
def try_out(tracker: TrackerSettings, token: str) -> Seen:
    """Ask whose token it is and whether he sees the queue. Raises nothing: a tracker that is away is a failed step."""
    done: list[Step] = []
    owner, fits = "", None
    try:
        fits, me = _myself(tracker, token)
        owner = f"{me.get('display') or me.get('login')} ({me.get('login')})"
        done += [Step("token", True, owner), Step("organisation", True, HEADERS[fits])]
        if not me.get("hasLicense", True):
            raise Refused(_("The organisation has given no licence: this user may only read."))
        done.append(Step("licence", True))
        _look_at_queue(tracker, token, fits)
        done.append(Step("queue", True, tracker.queue))
    except _NotLetIn as error:
        done += [Step("token", True), Step("organisation", False, str(error))]
    except TrackerError as error:
        done.append(Step(STEPS[len(done)], False, _words(error)))
    rest = (Step(name, None) for name in STEPS[len(done) :])
    return Seen((*done, *rest), owner, fits)


class _NotLetIn(Exception):
    """The token is known; the organisation is not its."""


def _myself(tracker: TrackerSettings, token: str) -> tuple[bool, dict[str, Any]]:
    """Who it is, and under which header: an organisation has one of two kinds, which its number does not show."""
    said = ""
    for is_cloud in (tracker.is_cloud, not tracker.is_cloud):
        try:
            return is_cloud, _calls(tracker, token, is_cloud).read("v2/myself").body
        except (Refused, Gone) as error:
            said = said or str(error)
    if not tracker.organisation:
        raise _NotLetIn(_("No organisation is named: set YT_ORGANIZATION_ID."))
    words = _("Organisation %(id)s does not let this user in, neither as Yandex 360 nor as Yandex Cloud: %(words)s")
    raise _NotLetIn(words % {"id": tracker.organisation, "words": said})


def _look_at_queue(tracker: TrackerSettings, token: str, is_cloud: bool) -> None:
    try:
        _calls(tracker, token, is_cloud).read(f"v2/queues/{quote(tracker.queue)}")
    except (Gone, Refused):
        words = _("There is no queue %(key)s, or this user may not see it.")
        raise Refused(words % {"key": tracker.queue}) from None


def _calls(tracker: TrackerSettings, token: str, is_cloud: bool) -> Calls:
    config = YandexConfig(tracker.queue, tracker.organisation, url=tracker.url, is_cloud=is_cloud)
    return Calls(config, _Only(token))


def _words(error: TrackerError) -> str:
    if isinstance(error, AuthNeeded | Refused):
        return str(error)
    return _("Tracker did not answer (%(words)s). Try again in a minute.") % {"words": error}
