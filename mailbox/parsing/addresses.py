"""Address headers, read as a person would: in one pass, without ever giving up on the rest."""

import re
from collections.abc import Iterator

from mailbox.parsing import limits
from mailbox.parsing.encoded_words import decode_words
from mailbox.parsing.model import Address
from mailbox.parsing.problems import Problems
from mailbox.parsing.storable import one_line

_PLAIN = re.compile(r'[^\\"(),:;<>]+')
_ENCODED_WORD = re.compile(r"=\?[\w.:+*'-]{1,60}\?[bBqQ]\?[^?\s]{0,1000}\?=")
_BARE = re.compile(r"[^\s\"'<>()\[\],;:@]{1,128}@[^\s\"'<>()\[\],;:@]{1,255}")
_LOCAL_NAME = re.compile(r"[\w.+-]{1,64}", re.ASCII)
_COMMENT = re.compile(r"\([^()]*\)")
_QUOTES = "\"'"


def parse_addresses(text: str, hint: str, problems: Problems) -> tuple[Address, ...]:
    """The mailboxes of one or more joined address headers, in order, at most RECIPIENTS of them."""
    found: list[Address] = []
    for email, name in _mailboxes(text):
        if len(found) >= limits.RECIPIENTS:
            problems.add("recipients-cut", str(limits.RECIPIENTS))
            break
        clean = one_line(decode_words(email, hint), limits.EMAIL_CHARS)
        label = one_line(decode_words(name, hint), limits.SUBJECT_CHARS).strip(_QUOTES + " ")
        if clean or label:
            found.append(Address(clean, "" if label == clean else label))
    return tuple(found)


def _mailboxes(text: str) -> Iterator[tuple[str, str]]:
    """(address, name) of each entry; a name cut in two by a bare comma is put together again."""
    held = ""
    entry = _Entry()
    for kind, token in _tokens(text):
        if kind == "angle":
            entry.angle = entry.angle or token.strip() or " "
        elif kind == "comment":
            entry.comments.append(token)
        elif kind == "quoted":
            entry.words.append(token)
            entry.was_quoted = True
        elif kind == "text":
            entry.words.append(token)
        elif token == ":" and not entry.angle:
            # The name of a group, or a stray "mailto:".
            entry = _Entry()
        elif token in ",;":
            email, name = entry.finish()
            name = f"{held}, {name}" if held and name else held or name
            held = "" if email else name
            if email:
                yield email, name
            entry = _Entry()
    email, name = entry.finish()
    name = f"{held}, {name}" if held and name else held or name
    if email:
        yield email, name
    elif name:
        # No address anywhere: a local name ("root") is one, other words are only a name.
        yield (name, " ".join(entry.comments)) if _LOCAL_NAME.fullmatch(name) else ("", name)


class _Entry:
    """The tokens of one list entry."""

    __slots__ = ("angle", "comments", "was_quoted", "words")

    def __init__(self) -> None:
        self.angle = ""
        self.comments: list[str] = []
        self.words: list[str] = []
        self.was_quoted = False

    def finish(self) -> tuple[str, str]:
        """(address, name); no address when the entry is words only."""
        phrase = "".join(self.words).strip()
        if self.angle:
            return _bare_address(self.angle), phrase or " ".join(self.comments)
        found = _BARE.search(phrase)
        if found is None:
            return "", phrase
        rest = (phrase[: found.start()] + phrase[found.end() :]).strip(" \t\"'[]<>")
        return found[0], rest or " ".join(self.comments)


def _bare_address(angle: str) -> str:
    address = _COMMENT.sub("", angle).strip().strip(_QUOTES).strip()
    if address.lower().startswith("mailto:"):
        address = address[7:]
    # A route (`@relay:user@host`) has been obsolete since 2001.
    return address.rpartition(":")[2] if address.startswith("@") else address


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, size = 0, len(text)
    # Nothing of these closes any more behind the place where one search failed.
    open_quote = open_angle = True
    while at < size:
        char = text[at]
        if char == "=" and (word := _ENCODED_WORD.match(text, at)):
            yield "text", word[0]
            at = word.end()
        elif char == '"' and open_quote:
            token, end = _quoted(text, at + 1)
            if end < 0:
                open_quote = False
                continue
            yield "quoted", token
            at = end
        elif char == "(":
            token, at = _comment(text, at + 1)
            yield "comment", token
        elif char == "<" and open_angle:
            end = text.find(">", at)
            if end < 0:
                open_angle = False
                stop = re.compile(r"[,;]|$").search(text, at)
                end = stop.start() if stop else size
                yield "angle", text[at + 1 : end]
                at = end
                continue
            yield "angle", text[at + 1 : end].rpartition("<")[2]
            at = end + 1
        elif char in ",;:":
            yield "mark", char
            at += 1
        elif char in '\\"<>)':
            at += 1
        else:
            found = _PLAIN.match(text, at)
            end = found.end() if found else at + 1
            word_start = text.find("=?", at + 1, end)
            end = word_start if word_start > 0 else end
            yield "text", text[at:end]
            at = end


def _quoted(text: str, at: int) -> tuple[str, int]:
    """The quoted string that begins at `at` and the place behind it, -1 if it never ends."""
    out: list[str] = []
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            out.append(text[at + 1])
            at += 2
        elif char == '"':
            return "".join(out), at + 1
        else:
            out.append(char)
            at += 1
    return "", -1


def _comment(text: str, at: int) -> tuple[str, int]:
    """The comment that begins at `at`, nested ones included as text; open ones end with the text."""
    start, depth = at, 1
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return text[start:at], at + 1
        at += 1
    return text[start:], at
