"""Reading a raw letter. Pure: bytes in, a frozen value out, no Django, no network, no clock.

`parse` never raises, whatever the bytes are; what had to be cut, guessed or given up is listed in
`ParsedEmail.problems`, and everything in the answer can be stored in PostgreSQL.
"""

from mailbox.parsing.identity import content_key, strip_prefixes, synthesized_id
from mailbox.parsing.letter import parse
from mailbox.parsing.model import Address, Kind, ParsedAttachment, ParsedEmail
from mailbox.parsing.problems import PROBLEM_TEXTS, Problem

__all__ = [
    "PROBLEM_TEXTS",
    "Address",
    "Kind",
    "ParsedAttachment",
    "ParsedEmail",
    "Problem",
    "content_key",
    "parse",
    "strip_prefixes",
    "synthesized_id",
]
