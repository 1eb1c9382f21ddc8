"""Why a row was skipped or a feed refused: stored as a code with its figures, said in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Reason = dict[str, Any]

MOST_SHOWN = 80

_MESSAGES: dict[str, str | Promise] = {
    # A row
    "not_an_object": _("the row is not an object"),
    "missing": _("«%(field)s» is empty"),
    "wrong_type": _("«%(field)s» has a value of a wrong type: %(value)s"),
    "too_long": _("«%(field)s» is longer than %(most)s characters: %(value)s"),
    "no_number": _("«%(field)s» is not a number: %(value)s"),
    "out_of_range": _("«%(field)s» is out of range: %(value)s"),
    "no_addresses": _("«%(field)s» holds no e-mail address: %(value)s"),
    "duplicate": _("%(value)s stood in an earlier row already"),
    "unknown_pole": _("the registry has no pole %(value)s"),
    # A feed
    "no_address": _("no address is configured: %(setting)s"),
    "unreachable": _("TowerStore does not answer"),
    "timeout": _("no whole answer within %(seconds)s s"),
    "status": _("TowerStore answered with HTTP %(status)s"),
    "too_big": _("the answer is larger than %(megabytes)s MB"),
    "row_too_big": _("a single row is larger than %(megabytes)s MB"),
    "broken_off": _("the answer broke off in the middle"),
    "html": _("a web page came instead of data: the address or the access is wrong"),
    "not_an_array": _("the answer is not a list of rows"),
    "not_json": _("the answer is not JSON"),
    "empty": _("the feed has no usable row"),
    "short": _("the feed has %(rows)s usable rows, the registry %(standing)s; at least %(share)s %% of that must come"),
    "many_gone": _("%(gone)s rows would vanish, at most %(most)s may (setting TS_MOST_GONE)"),
    "crashed": _("the synchronisation was cut off"),
}


def reason(code: str, **figures: Any) -> Reason:
    """A reason as it is stored. A value quoted from a feed is cut to what a line can show."""
    if code not in _MESSAGES:
        raise ValueError(f"unknown reason {code!r}")
    return {"code": code, **{name: _shown(figure) for name, figure in figures.items()}}


def say(stored: Mapping[str, Any]) -> str:
    """The sentence for a stored reason; one that a later version wrote is shown by its code."""
    message = _MESSAGES.get(stored["code"])
    return str(message) % stored if message is not None else str(stored["code"])


def _shown(figure: Any) -> Any:
    if isinstance(figure, int | float) and not isinstance(figure, bool):
        return figure
    text = figure if isinstance(figure, str) else repr(figure)
    text = " ".join(text.replace("\0", "").encode("utf-8", "replace").decode().split())
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…"
