"""Commands about the connection, the login and the folders themselves."""

import base64
import binascii
import re
from collections.abc import Callable

from demo.imap.folders import SEPARATOR, LiveFolder
from demo.imap.state import CAPABILITIES, Session
from demo.imap.wire import Atom, Bad, No, Token, listed, quoted, text
from demo.mailstore import INBOX, SENT

Handler = Callable[[Session, list[Token]], str]

_FLAGS = rb"(\Answered \Deleted \Draft \Flagged \Seen)"


def capability(session: Session, arguments: list[Token]) -> str:
    session.untagged(CAPABILITIES)
    return "CAPABILITY completed"


def noop(session: Session, arguments: list[Token]) -> str:
    return "completed"


def identify(session: Session, arguments: list[Token]) -> str:
    session.untagged(b'ID ("name" "demo")')
    return "ID completed"


def logout(session: Session, arguments: list[Token]) -> str:
    session.untagged(b"BYE see you")
    session.over = True
    return "LOGOUT completed"


# --- login


def log_in(session: Session, arguments: list[Token]) -> str:
    login, password = (text(argument) for argument in _exactly(2, arguments))
    return enter(session, login, password)


def enter(session: Session, login: str, password: str) -> str:
    if session.faults.refuse_login or not session.check_password(login, password):
        raise No("[AUTHENTICATIONFAILED] invalid credentials or IMAP is disabled")
    session.owner = login.lower()
    return f"[{CAPABILITIES.decode()}] logged in"


def plain_credentials(response: bytes) -> tuple[str, str]:
    """Login and password of SASL PLAIN (RFC 4616)."""
    try:
        _, login, password = base64.b64decode(response, validate=True).decode().split("\0")
    except (binascii.Error, ValueError) as error:
        raise Bad("bad SASL response") from error
    return login, password


# --- folders


def namespace(session: Session, arguments: list[Token]) -> str:
    session.untagged(b'NAMESPACE (("" "%s")) NIL NIL' % SEPARATOR.encode())
    return "NAMESPACE completed"


def list_folders(session: Session, arguments: list[Token]) -> str:
    return _list(session, "LIST", arguments)


def list_subscribed(session: Session, arguments: list[Token]) -> str:
    return _list(session, "LSUB", arguments)


def _list(session: Session, verb: str, arguments: list[Token]) -> str:
    only_special = isinstance(arguments[0], list) if arguments else False
    if only_special:  # LIST (SPECIAL-USE) "" "*"
        only_special = Atom("SPECIAL-USE") in arguments[0]
        arguments = arguments[1:]
    if len(arguments) < 2:
        raise Bad(f"{verb} needs a reference and a pattern")
    reference, pattern = text(arguments[0]), text(arguments[1])
    separator = quoted(SEPARATOR)
    if not pattern:
        session.untagged(rb'%s (\Noselect) %s ""' % (verb.encode(), separator))
        return f"{verb} completed"
    wanted = _pattern(reference + pattern)
    for name in session.folders.of(session.owner or ""):
        if wanted.match(name) and (not only_special or name == SENT):
            flags = listed([rb"\HasNoChildren", *([rb"\Sent"] if name == SENT else [])])
            session.untagged(b"%s %s %s %s" % (verb.encode(), flags, separator, quoted(name)))
    return f"{verb} completed"


def _pattern(pattern: str) -> re.Pattern[str]:
    pieces = {"*": ".*", "%": f"[^{re.escape(SEPARATOR)}]*"}
    return re.compile(
        "".join(pieces.get(character, re.escape(character)) for character in pattern) + "$",
        re.IGNORECASE if pattern.upper() == INBOX else 0,
    )


def find_folder(session: Session, name: Token, *, problem: str = "[NONEXISTENT]") -> LiveFolder:
    wanted = text(name)
    folders = session.folders.of(session.owner or "")
    # The last "-" of modified UTF-7 is often lost on the way through a settings file.
    folder = folders.get(INBOX if wanted.upper() == INBOX else wanted) or folders.get(f"{wanted}-")
    if folder is None:
        raise No(f"{problem} no such folder")
    return folder


def select(session: Session, arguments: list[Token]) -> str:
    return _open(session, arguments, read_only=False)


def examine(session: Session, arguments: list[Token]) -> str:
    return _open(session, arguments, read_only=True)


def _open(session: Session, arguments: list[Token], *, read_only: bool) -> str:
    session.close()
    if not arguments:
        raise Bad("which folder?")
    folder = find_folder(session, arguments[0])
    session.open(folder, read_only=read_only)
    session.untagged(b"FLAGS " + _FLAGS)
    permanent = b"()" if read_only else _FLAGS[:-1] + rb" \*)"
    session.untagged(b"OK [PERMANENTFLAGS %s] flags that last" % permanent)
    session.untagged(b"%d EXISTS" % len(session.seen))
    session.untagged(b"0 RECENT")
    for number, uid in enumerate(session.seen, start=1):
        if "\\Seen" not in folder.letters[uid].flags:
            session.untagged(b"OK [UNSEEN %d] first unseen" % number)
            break
    session.untagged(b"OK [UIDVALIDITY %d] UIDs valid" % folder.uidvalidity)
    session.untagged(b"OK [UIDNEXT %d] next UID" % folder.uidnext)
    return "[READ-ONLY] opened" if read_only else "[READ-WRITE] opened"


def status(session: Session, arguments: list[Token]) -> str:
    name, wanted = _exactly(2, arguments)
    folder = find_folder(session, name)
    values = {
        "MESSAGES": len(folder.letters),
        "RECENT": 0,
        "UIDNEXT": folder.uidnext,
        "UIDVALIDITY": folder.uidvalidity,
        "UNSEEN": folder.unseen(),
    }
    if not isinstance(wanted, list) or any(text(item).upper() not in values for item in wanted):
        raise Bad("unknown status item")
    items = [f"{text(item).upper()} {values[text(item).upper()]}".encode() for item in wanted]
    session.untagged(b"STATUS %s %s" % (quoted(folder.name), listed(items)))
    return "STATUS completed"


def create(session: Session, arguments: list[Token]) -> str:
    name = text(_exactly(1, arguments)[0])
    if name in session.folders.of(session.owner or "") or name.upper() == INBOX:
        raise No("[ALREADYEXISTS] the folder is there already")
    session.folders.create(session.owner or "", name)
    return "CREATE completed"


def delete(session: Session, arguments: list[Token]) -> str:
    folder = find_folder(session, _exactly(1, arguments)[0])
    if folder.name == INBOX:
        raise No("[CANNOT] INBOX stays")
    session.folders.delete(session.owner or "", folder.name)
    return "DELETE completed"


def close(session: Session, arguments: list[Token]) -> str:
    folder = session.opened()
    if not session.read_only:
        folder.expunge([u for u, letter in folder.letters.items() if "\\Deleted" in letter.flags])
    session.close()
    return "CLOSE completed"


def unselect(session: Session, arguments: list[Token]) -> str:
    session.opened()
    session.close()
    return "UNSELECT completed"


def _exactly(count: int, arguments: list[Token]) -> list[Token]:
    if len(arguments) != count:
        raise Bad(f"expected {count} arguments")
    return arguments


ANYBODY: dict[str, Handler] = {
    "CAPABILITY": capability, "NOOP": noop, "ID": identify, "LOGOUT": logout, "LOGIN": log_in,
}  # fmt: skip
LOGGED_IN: dict[str, Handler] = {
    "NAMESPACE": namespace, "LIST": list_folders, "LSUB": list_subscribed, "SUBSCRIBE": noop,
    "UNSUBSCRIBE": noop, "SELECT": select, "EXAMINE": examine, "STATUS": status, "CREATE": create,
    "DELETE": delete, "CLOSE": close, "UNSELECT": unselect, "CHECK": noop,
}  # fmt: skip
