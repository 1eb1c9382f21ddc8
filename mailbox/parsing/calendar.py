"""An invitation (RFC 5545) in a few lines that a person can read. The letter keeps the .ics file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"([A-Za-z-]{1,40})((?:;[^:;\"]*(?:\"[^\"]*\"[^:;\"]*)*)*):(.*)")
_PARAMETER = re.compile(r";([A-Za-z-]+)=(\"[^\"]*\"|[^;:]*)")
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d{0,2}(Z?))?")
_ESCAPE = re.compile(r"\\([\\;,nN])")
_EVENTS = ("VEVENT", "VTODO", "VJOURNAL")
_MAX_CHARS, _MAX_EVENTS = 256 * 1024, 5


@dataclass(slots=True)
class _Value:
    """One property of an event."""

    text: str
    params: dict[str, str]


def event_text(calendar: str) -> str:
    """Each event: its summary, when, where, who asks for it, and the description; "" when there is none."""
    texts: list[str] = []
    for event in _events(calendar[:_MAX_CHARS]):
        if text := _in_words(event):
            texts.append(text)
        if len(texts) >= _MAX_EVENTS:
            break
    return "\n\n".join(dict.fromkeys(texts))


def _events(calendar: str) -> Iterator[dict[str, _Value]]:
    event: dict[str, _Value] | None = None
    inner = 0
    for line in _FOLD.sub("", calendar).splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        name, value = found[1].upper(), found[3]
        if name == "BEGIN" and event is None and value.strip().upper() in _EVENTS:
            event, inner = {}, 0
        elif event is None:
            continue
        elif name in ("BEGIN", "END"):
            # An alarm inside an event has a description of its own.
            inner += 1 if name == "BEGIN" else -1
            if inner < 0:
                yield event
                event = None
        elif inner == 0:
            params = {each[1].upper(): each[2].strip('"') for each in _PARAMETER.finditer(found[2])}
            event.setdefault(name, _Value(_unescaped(value), params))


def _in_words(event: dict[str, _Value]) -> str:
    organizer = event.get("ORGANIZER")
    head = [_text(event, "SUMMARY"), _when(event), _text(event, "LOCATION"), _person(organizer) if organizer else ""]
    text = "\n".join(line for line in head if line)
    description = _text(event, "DESCRIPTION")
    return f"{text}\n\n{description}".strip() if description and description != head[0] else text


def _text(event: dict[str, _Value], name: str) -> str:
    value = event.get(name)
    return value.text.strip() if value else ""


def _when(event: dict[str, _Value]) -> str:
    """Begin and end; the day is not said twice."""
    start, end = _moment(event.get("DTSTART")), _moment(event.get("DTEND") or event.get("DUE"), is_end=True)
    day, time, zone = start if any(start) else end
    last_day, last_time, _zone = end if any(end) else start
    if (last_day, last_time) == (day, time):
        words = [day, time, zone]
    else:
        words = [day, time, "\N{EN DASH}", last_day if last_day != day else "", last_time, zone]
    return " ".join(word for word in words if word)


def _moment(value: _Value | None, *, is_end: bool = False) -> tuple[str, str, str]:
    """(day, time, zone) of a date as written, empty for none; a whole day ends before the next one begins."""
    found = _MOMENT.match(value.text) if value else None
    if value is None or found is None:
        return "", "", ""
    year, month, day, hour, minute, utc = found.groups()
    if hour is None:
        return _day(int(year), int(month), int(day), -1 if is_end else 0), "", ""
    zone = "UTC" if utc else value.params.get("TZID", "")
    return f"{day}.{month}.{year}", f"{hour}:{minute}", f"({zone})" if zone else ""


def _day(year: int, month: int, day: int, shift: int) -> str:
    try:
        return f"{date(year, month, day) + timedelta(days=shift):%d.%m.%Y}"
    except (ValueError, OverflowError):
        return f"{day:02}.{month:02}.{year:04}"


def _person(value: _Value) -> str:
    address = value.text.strip()
    address = address[7:] if address.lower().startswith("mailto:") else address
    name = value.params.get("CN", "").strip()
    return f"{name} <{address}>" if name and name != address else address


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], text)
