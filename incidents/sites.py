"""Which site a letter is about, and saying so on the incident."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents import services
from incidents.models import Incident
from mailbox.parsing import ParsedEmail
from towers import lookup
from towers.matching import Match, Part
from towers.models import BaseStation, Pole

# Names of candidates in a reason; the card offers all of them.
NAMED = 3


def read(parsed: ParsedEmail) -> Match:
    """Find pole and station in the letter: its new words first, quoted ones and names of files after them."""
    return lookup.find([_PARTS[name](text) for name, text in parts(parsed)])


def parts(parsed: ParsedEmail) -> list[tuple[str, str]]:
    """The texts of a letter that name its site, in the order they are asked: (subject, reply, …; text)."""
    files = [("attachment", each.name) for each in parsed.attachments if not each.inline]
    said = [("subject", parsed.subject), ("reply", parsed.reply_text), ("quote", parsed.quoted_text)]
    return [*said, ("signature", parsed.signature_text), *files]


_PARTS: dict[str, Callable[[str], Part]] = {
    "subject": lambda text: Part("subject", text),
    "reply": lambda text: Part("reply", text),
    "quote": lambda text: Part("quote", text),
    # Signatures hold phones and addresses: asked last among what was written before.
    "signature": lambda text: Part("quote", text, rank=1),
    "attachment": lambda text: Part("attachment", text),
}


def rows(matches: Sequence[Match]) -> tuple[dict[int, Pole], dict[int, BaseStation]]:
    """The poles and stations that these readings chose, by id; three queries."""
    poles = Pole.objects.in_bulk({match.pole_id for match in matches if match.pole_id})
    wanted = {match.station_id for match in matches if match.station_id}
    return poles, BaseStation.objects.prefetch_related("operators").in_bulk(wanted)


def link(incident: Incident, match: Match, *, at: datetime) -> Incident:
    """Link what was found; what contradicts itself or the registry goes to the dispatcher as an error."""
    if match.pole_id:
        stations = BaseStation.objects.select_related("pole")
        station = stations.get(pk=match.station_id) if match.station_id else None
        pole = Pole.objects.get(pk=match.pole_id)
        return services.link_asset(incident, pole=pole, station=station, by=None, at=at)
    if match.problem:
        return services.raise_error(incident, reason=reason(match), by=None, at=at)
    return incident


def reason(match: Match) -> str:
    """What is wrong with the site and what would be right, in the words of the desk."""
    if match.problem == "conflict":
        return _("The letter contradicts itself: it names %(stations)s and %(poles)s. Choose the right site.") % {
            "stations": _some([e.text for e in match.evidence if e.kind == "station"]) or _("no base station"),
            "poles": _some(match.candidates) or _("no pole"),
        }
    if match.candidates:
        number = len(match.candidates)
        return ngettext(
            "%(n)d pole fits what the letter says: %(names)s. Choose one.",
            "%(n)d poles fit what the letter says: %(names)s. Choose one.",
            number,
        ) % {"n": number, "names": _some(match.candidates)}
    if match.station_candidates:
        number = len(match.station_candidates)
        return ngettext(
            "%(n)d base station fits what the letter says: %(names)s. Choose one.",
            "%(n)d base stations fit what the letter says: %(names)s. Choose one.",
            number,
        ) % {"n": number, "names": _some(match.station_candidates)}
    poles = [e.text for e in match.evidence if e.kind == "pole"]
    if poles:
        return _("No pole starts with %(text)s. Correct the code.") % {"text": _some(poles)}
    return _("No base station starts with %(text)s. Correct the number.") % {
        "text": _some([e.text for e in match.evidence])
    }


def _some(names: list[str] | tuple[str, ...]) -> str:
    unique = list(dict.fromkeys(names))
    return ", ".join(unique[:NAMED]) + (", …" if len(unique) > NAMED else "")
