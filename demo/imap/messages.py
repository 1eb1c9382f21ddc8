"""Commands about letters: APPEND, FETCH, SEARCH, STORE, EXPUNGE, COPY, MOVE."""

from collections.abc import Callable
from datetime import datetime

from demo.imap import fetch, search
from demo.imap.accounts import Handler, find_folder
from demo.imap.folders import LiveFolder
from demo.imap.state import Session
from demo.imap.wire import Bad, No, Token, atom, listed, parse_date, text
from demo.mailstore import Letter

STORABLE = {flag.lower(): flag for flag in ("\\Answered", "\\Deleted", "\\Draft", "\\Flagged", "\\Seen")}


def append(session: Session, arguments: list[Token]) -> str:
    if len(arguments) < 2 or not isinstance(arguments[-1], bytes):
        raise Bad("APPEND needs a folder and a letter")
    folder = find_folder(session, arguments[0], problem="[TRYCREATE]")
    received, flags = datetime.now().astimezone(), frozenset[str]()
    for option in arguments[1:-1]:
        if isinstance(option, list):
            flags = _flags(option)
        else:
            received = parse_date(text(option))
    letter = folder.append(arguments[-1], received=received, flags=flags)
    return f"[APPENDUID {folder.uidvalidity} {letter.uid}] stored"


def _flags(token: Token) -> frozenset[str]:
    words = token if isinstance(token, list) else [token]
    flags = set()
    for word in words:
        flag = STORABLE.get(atom(word).lower(), atom(word))
        if flag.startswith("\\") and flag not in STORABLE.values():
            raise Bad(f"cannot set {flag}")
        flags.add(flag)
    return frozenset(flags)


def _run_fetch(session: Session, arguments: list[Token], *, by_uid: bool) -> str:
    if len(arguments) < 2:
        raise Bad("FETCH needs a set and items")
    items = fetch.parse_items(arguments[1])
    if by_uid and not any(item.name == "UID" for item in items):
        items.insert(0, fetch.Item("UID"))
    folder = session.opened()
    marks = any(not item.peek for item in items) and not session.read_only
    for number, letter in session.chosen(text(arguments[0]), by_uid=by_uid):
        shown = items
        if marks and "\\Seen" not in letter.flags:
            folder.set_flags(letter, letter.flags | {"\\Seen"})
            session.knows_flags(letter.uid)
            shown = items if fetch.Item("FLAGS") in items else [*items, fetch.Item("FLAGS")]
        answer = fetch.Answer(folder, letter)
        session.untagged(b"%d FETCH %s" % (number, listed(answer.to(item) for item in shown)))
    return "FETCH completed"


def _run_search(session: Session, arguments: list[Token], *, by_uid: bool) -> str:
    folder = session.opened()
    last_uid = session.seen[-1] if session.seen else 0
    test = search.compile_search(arguments, largest=len(session.seen), largest_uid=last_uid)
    found = []
    for number, uid in enumerate(session.seen, start=1):
        letter = folder.letters.get(uid)
        if letter and test(search.Candidate(number, fetch.Answer(folder, letter))):
            found.append(uid if by_uid else number)
    session.untagged(b" ".join((b"SEARCH", *(b"%d" % number for number in found))))
    return "SEARCH completed"


def _run_store(session: Session, arguments: list[Token], *, by_uid: bool) -> str:
    if len(arguments) < 3:
        raise Bad("STORE needs a set, an item and flags")
    folder, action = session.writable(), atom(arguments[1]).upper()
    given = _flags(arguments[2] if len(arguments) == 3 else list(arguments[2:]))
    verb, silent = action.removesuffix(".SILENT"), action.endswith(".SILENT")
    changes: dict[str, Callable[[frozenset[str]], frozenset[str]]] = {
        "FLAGS": lambda flags: given,
        "+FLAGS": lambda flags: flags | given,
        "-FLAGS": lambda flags: flags - given,
    }
    if verb not in changes:
        raise Bad(f"cannot store {action}")
    for number, letter in session.chosen(text(arguments[0]), by_uid=by_uid):
        folder.set_flags(letter, changes[verb](letter.flags))
        session.knows_flags(letter.uid)
        if not silent:
            uid = b"UID %d " % letter.uid if by_uid else b""
            flags = fetch.flag_list(letter.flags)
            session.untagged(b"%d FETCH (%sFLAGS %s)" % (number, uid, flags))
    return "STORE completed"


def _run_copy(session: Session, arguments: list[Token], *, by_uid: bool) -> str:
    return f"{_copy(session, arguments, by_uid=by_uid)[1]} COPY completed".strip()


def _run_move(session: Session, arguments: list[Token], *, by_uid: bool) -> str:
    source = session.writable()
    moved, code = _copy(session, arguments, by_uid=by_uid)
    if code:
        session.untagged(b"OK " + code.encode())
    source.expunge([letter.uid for letter in moved])
    session.announce(expunges=True)
    return "MOVE completed"


def _copy(session: Session, arguments: list[Token], *, by_uid: bool) -> tuple[list[Letter], str]:
    """Copy into the named folder; what was copied, and the COPYUID code of RFC 4315."""
    if len(arguments) != 2:
        raise Bad("expected a set and a folder")
    source = session.opened()
    target = find_folder(session, arguments[1], problem="[TRYCREATE]")
    letters = [letter for _, letter in session.chosen(text(arguments[0]), by_uid=by_uid)]
    copies = [_copy_of(letter, source, target) for letter in letters]
    if not letters:
        return [], ""
    old, new = (",".join(str(letter.uid) for letter in group) for group in (letters, copies))
    return letters, f"[COPYUID {target.uidvalidity} {old} {new}]"


def _copy_of(letter: Letter, source: LiveFolder, target: LiveFolder) -> Letter:
    raw = source.raw(letter.uid)
    if raw is None:
        raise No("the letter is gone")
    return target.append(raw, received=letter.received, flags=letter.flags)


def expunge(session: Session, arguments: list[Token]) -> str:
    folder = session.writable()
    folder.expunge([u for u, letter in folder.letters.items() if "\\Deleted" in letter.flags])
    session.announce(expunges=True)
    return "EXPUNGE completed"


def uid_expunge(session: Session, arguments: list[Token]) -> str:
    folder = session.writable()
    if len(arguments) != 1:
        raise Bad("UID EXPUNGE needs a set")
    chosen = session.chosen(text(arguments[0]), by_uid=True)
    folder.expunge([letter.uid for _, letter in chosen if "\\Deleted" in letter.flags])
    session.announce(expunges=True)
    return "EXPUNGE completed"


def _both(name: str, run: Callable[..., str]) -> dict[str, Handler]:
    """The command by sequence number and by UID."""
    return {
        name: lambda session, arguments: run(session, arguments, by_uid=False),
        f"UID {name}": lambda session, arguments: run(session, arguments, by_uid=True),
    }


HANDLERS: dict[str, Handler] = {
    "APPEND": append,
    **_both("FETCH", _run_fetch),
    **_both("SEARCH", _run_search),
    **_both("STORE", _run_store),
    **_both("COPY", _run_copy),
    **_both("MOVE", _run_move),
    "EXPUNGE": expunge,
    "UID EXPUNGE": uid_expunge,
}
# Sequence numbers are in use while these run: no EXPUNGE may slip in (RFC 3501, 7.4.1).
KEEPS_NUMBERS = {"FETCH", "SEARCH", "STORE"}
