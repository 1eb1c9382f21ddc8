"""The line level of IMAP (RFC 3501, 4 and 9; RFC 7888): reading commands, quoting answers."""

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

LINE_LIMIT = 64 * 1024
LITERAL_LIMIT = 30 * 1024**2
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

_LITERAL = re.compile(rb"~?\{(\d{1,10})(\+?)\}$")
_TOKEN = re.compile(
    rb"(?P<space> +)|(?P<open>\()|(?P<close>\))"
    rb'|"(?P<quoted>(?:[^"\\]|\\.)*)"'
    # A section such as BODY[HEADER.FIELDS (FROM TO)]<0.99> is one word, spaces and all.
    rb'|(?P<atom>(?:[^\s()"\[]|\[[^\]]*\])+)'
)
_DATE = re.compile(r"\s*(\d{1,2})-(\w{3})-(\d{4})(?: (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d))?$")


class Bad(Exception):
    """The client's command cannot be understood: tagged BAD."""


class No(Exception):
    """The command is understood and refused: tagged NO."""


class Atom(str):
    """An unquoted word; strings, quoted or literal, are bytes."""

    __slots__ = ()


Token = Atom | bytes | list["Token"]


@dataclass(frozen=True)
class Command:
    tag: str
    name: str
    arguments: list[Token]


async def read_command(reader: asyncio.StreamReader, ask: Callable[[], object]) -> tuple[bytes, list[bytes]]:
    """One command as (first line, pieces): text, literal, text, … `ask` invites a literal.

    Raises IncompleteReadError at the end of the connection, Bad for one that is too long.
    """
    pieces: list[bytes] = []
    while True:
        try:
            line = (await reader.readuntil(b"\n")).rstrip(b"\r\n")
        except asyncio.LimitOverrunError as error:
            raise Bad("line too long") from error
        match = _LITERAL.search(line)
        if match is None:
            return (pieces or [line])[0], [*pieces, line]
        size, already_sent = int(match[1]), bool(match[2])
        if size > LITERAL_LIMIT:
            raise Bad("literal too large")
        if not already_sent:
            ask()
        pieces += [line[: match.start()], await reader.readexactly(size)]


def parse_command(pieces: list[bytes]) -> Command:
    stack: list[list[Token]] = [[]]
    for number, piece in enumerate(pieces):
        if number % 2:
            stack[-1].append(piece)
        else:
            _scan(piece, stack)
    if len(stack) != 1:
        raise Bad("unbalanced parentheses")
    words = stack[0]
    if len(words) < 2 or not isinstance(words[0], Atom) or not isinstance(words[1], Atom):
        raise Bad("expected: tag command arguments")
    name, arguments = words[1].upper(), words[2:]
    if name == "UID" and arguments and isinstance(arguments[0], Atom):
        name, arguments = f"UID {arguments[0].upper()}", arguments[1:]
    return Command(words[0], name, arguments)


def _scan(text: bytes, stack: list[list[Token]]) -> None:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise Bad("unreadable argument")
        position = match.end()
        if match["open"]:
            inner: list[Token] = []
            stack[-1].append(inner)
            stack.append(inner)
        elif match["close"]:
            if len(stack) == 1:
                raise Bad("unbalanced parentheses")
            stack.pop()
        elif match["quoted"] is not None:
            stack[-1].append(re.sub(rb"\\(.)", rb"\1", match["quoted"]))
        elif match["atom"] is not None:
            stack[-1].append(Atom(match["atom"].decode("latin-1")))


def text(token: Token) -> str:
    """An astring as text; UTF-8 where it is UTF-8."""
    if isinstance(token, list):
        raise Bad("expected a string, got a list")
    if isinstance(token, Atom):
        return str(token)
    try:
        return token.decode()
    except UnicodeDecodeError:
        return token.decode("latin-1")


def atom(token: Token) -> str:
    if not isinstance(token, Atom):
        raise Bad("expected an atom")
    return str(token)


def quoted(value: str | bytes | None) -> bytes:
    """NIL, a quoted string, or a literal when it holds what a quoted string may not."""
    if value is None:
        return b"NIL"
    data = value.encode() if isinstance(value, str) else value
    if data.isascii() and not re.search(rb"[\r\n\0]", data) and len(data) < 1000:
        return b'"%s"' % re.sub(rb'(["\\])', rb"\\\1", data)
    return literal(data)


def literal(data: bytes) -> bytes:
    return b"{%d}\r\n%s" % (len(data), data)


def listed(items: Iterable[bytes]) -> bytes:
    return b"(%s)" % b" ".join(items)


def number_set(value: str, largest: int) -> list[tuple[int, int]]:
    """`1:3,7,9:*` as ranges. `*` is the largest number in use, so 9:* may reach downwards."""
    ranges = []
    for item in value.split(","):
        ends = item.split(":")
        if len(ends) > 2 or not all(re.fullmatch(r"\d{1,10}|\*", end) for end in ends):
            raise Bad(f"bad number set {value!r}")
        numbers = [largest if end == "*" else int(end) for end in ends]
        ranges.append((min(numbers), max(numbers)))
    return ranges


def format_date(moment: datetime) -> bytes:
    return (f'"{moment.day:2d}-{MONTHS[moment.month - 1]}-{moment.year:04d} {moment:%H:%M:%S %z}"').encode()


def parse_date(value: str) -> datetime:
    """`dd-Mon-yyyy`, with ` hh:mm:ss +zzzz` where the time matters."""
    match = _DATE.match(value)
    if match is None or match[2].title() not in MONTHS:
        raise Bad(f"bad date {value!r}")
    day, month, year = int(match[1]), MONTHS.index(match[2].title()) + 1, int(match[3])
    try:
        if match[4] is None:
            return datetime(year, month, day, tzinfo=UTC)
        offset = timedelta(hours=int(match[8]), minutes=int(match[9]))
        zone = timezone(-offset if match[7] == "-" else offset)
        return datetime(year, month, day, int(match[4]), int(match[5]), int(match[6]), tzinfo=zone)
    except ValueError as error:
        raise Bad(f"bad date {value!r}") from error
