"""RFC 2047 encoded words and raw 8-bit headers, as real programs write them."""

import binascii
import re

from mailbox.parsing.charset import decode
from mailbox.parsing.transfer import decode_base64

_START = re.compile(r"=\?([\w.:+*'-]{1,60})\?([bBqQ])\?")


def decode_words(text: str, hint: str = "") -> str:
    """The text with every encoded word decoded, wherever it stands. Never raises; linear."""
    if "=?" not in text:
        return text
    out: list[str] = []
    # Bytes of adjacent words in one character set: a letter may be cut between two words.
    pending, pending_charset = b"", ""
    at = 0
    while (found := _START.search(text, at)) is not None:
        end = text.find("?=", found.end())
        if end < 0 and len(text) - found.end() > 1000:
            break
        between, charset = text[at : found.start()], found[1].split("*", 1)[0].lower()
        if pending_charset and (between.strip() or charset != pending_charset):
            out.append(decode(pending, pending_charset, hint)[0])
            pending, pending_charset = b"", ""
        # White space between two encoded words is folding, not text.
        if between.strip() or at == 0:
            out.append(between)
        # A word cut short by some program still holds most of its text.
        payload = text[found.end() : end if end >= 0 else len(text)]
        pending += _payload(payload, found[2])
        pending_charset = charset
        at = end + 2 if end >= 0 else len(text)
    if pending_charset:
        out.append(decode(pending, pending_charset, hint)[0])
    out.append(text[at:])
    return "".join(out)


def _payload(payload: str, encoding: str) -> bytes:
    data = payload.encode("utf-8", "surrogateescape")
    if encoding in "bB":
        return decode_base64(data)
    return binascii.a2b_qp(data.replace(b"_", b" ") + b"\n", header=False)[:-1]
