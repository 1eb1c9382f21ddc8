"""What a person reads when a letter has no text of its own: its invitation, or the letter it passes on."""

from mailbox.parsing import limits
from mailbox.parsing.calendar import event_text
from mailbox.parsing.charset import decode
from mailbox.parsing.headers import Headers
from mailbox.parsing.mime import Part, Reader
from mailbox.parsing.problems import Problems
from mailbox.parsing.storable import one_line

# In the order in which mail programs print them above a letter that is passed on.
_HEAD = ("From", "Date", "To", "Cc", "Subject")
_CALENDAR_BYTES = 1024 * 1024


def calendar_text(part: Part, hint: str) -> str:
    """An invitation in words. Calendars are UTF-8 unless they say something else."""
    data = part.body.head(_CALENDAR_BYTES)
    return event_text(decode(data, part.charset or "utf-8", hint)[0])


def forwarded_letter(part: Part) -> Part:
    """The letter in a part, read. What is wrong with it is not the fault of the letter around."""
    body = part.body
    reader = Reader(Problems())
    if body.encoding:
        letter = reader.read(body.head(limits.DECODED_BYTES))
    else:
        letter = reader.read(body.data, body.start, body.end)
    letter.headers.hint = next((each.charset for each in letter.walk() if each.charset), "")
    return letter


def letter_head(headers: Headers) -> str:
    """The lines that say who wrote what to whom, as mailbox.parsing.quotes knows them."""
    values = ((name, one_line(headers.text(name.lower()), 1_000)) for name in _HEAD)
    return "\n".join(f"{name}: {value}" for name, value in values if value)
