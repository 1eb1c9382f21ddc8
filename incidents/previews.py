"""Looking into a letter's file without handing it to the browser: pictures, pages of a PDF, text, letters.

What a file is, its first bytes say; its name and declared type only decide whether it is worth asking. A PDF is
drawn by a process of its own under limits (incidents/page_renderer.py); the pages lie in a folder beside the
letter store until retention sweeps them.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from incidents.models import NoteFile
from mailbox import files
from mailbox.models import Attachment
from mailbox.parsing import ParsedEmail, parse
from mailbox.parsing.charset import decode
from mailbox.parsing.storable import storable

logger = logging.getLogger(__name__)

MOST_PAGES = 10
MOST_TEXT = 200_000
# A letter inside a letter is read whole, so it must be small enough to be read while somebody waits.
MOST_LETTER = 10_000_000
# Wall time of one page; the renderer itself stops at 10 s of CPU.
PATIENCE = 20
# A PDF header may stand behind some bytes of its mailer.
_PDF = re.compile(rb"[\s\S]{0,1024}?%PDF-\d")
# Pictures that browsers draw and that cannot carry a script, by their first bytes.
_PICTURES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"BM.{4}\x00{4}", re.DOTALL), "image/bmp"),
)
_TEXT_NAMES = re.compile(
    r"\.(?:txt|log|csv|tsv|json|xml|ya?ml|ini|conf|cfg|md|rst|ics|vcf|sql|diff|patch|html?)$", re.IGNORECASE
)
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# Two renderers at once: a click is answered soon, and ten people with plans open do not take every core.
_renderers = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Preview:
    """What can be shown of a file. `kind`: picture, pages, text, letter, or nothing with the `problem`."""

    kind: str
    problem: str = ""  # encrypted, broken, heavy, busy, gone
    text: str = ""
    is_cut: bool = False
    letter: ParsedEmail | None = None
    pages: int = 0
    sizes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One page as WebP, empty when it could not be drawn, with what is known of its document."""

    facts: dict[str, Any]
    image: bytes


def expected(file: Attachment | NoteFile) -> str:
    """What the file's name and declared type promise: picture, pages, text, letter or nothing."""
    kind, name = file.content_type.lower(), file.name.lower()
    if kind == "application/pdf" or name.endswith(".pdf"):
        return "pages"
    if kind in ("message/rfc822", "message/global") or name.endswith(".eml"):
        return "letter"
    if re.search(r"\.(?:png|jpe?g|gif|webp|bmp)$", name) or kind in {each for _start, each in _PICTURES}:
        return "picture"
    if (kind.startswith("text/") and not kind.endswith("rtf")) or _TEXT_NAMES.search(name):
        return "text"
    return ""


def picture_type(opened: BinaryIO) -> str:
    """The type of a picture that any browser may draw; "" for everything else. Rewinds the file."""
    start = opened.read(32)
    opened.seek(0)
    return next((name for pattern, name in _PICTURES if pattern.match(start)), "")


def look(file: Attachment) -> Preview:
    """What the file is and, unless it is a picture, what stands in it. Never raises for what the file holds."""
    promised = expected(file)
    try:
        with files.open_attachment(file) as opened:
            if picture_type(opened):
                return Preview("picture")
            start = opened.read(2048)
    except FileNotFoundError:
        return Preview("", "gone")
    if _PDF.match(start):
        return _document(file)
    if promised == "letter" and file.size <= MOST_LETTER:
        return Preview("letter", letter=parse(files.content(file)))
    if promised == "text" and _is_text(start):
        return _text(file)
    return Preview("", "broken" if promised in ("picture", "pages") else "")


def page(file: Attachment, number: int) -> Page:
    """Page `number` of a PDF, the first is 1; drawn once and then kept. Raises FileNotFoundError without bytes."""
    folder = cache_folder() / file.sha256[:2] / file.sha256
    kept = _kept(folder, number)
    if kept is not None:
        return kept
    drawn = _draw(files.content(file), number)
    if drawn.facts.get("problem") != "busy":
        _keep(folder, number, drawn)
    return drawn


def cache_folder() -> Path:
    """Where drawn pages lie: each can be drawn again, so nobody backs them up."""
    return Path(settings.LETTER_STORE).with_name("previews")


def _document(file: Attachment) -> Preview:
    facts = page(file, 1).facts
    if "pages" not in facts:
        return Preview("", str(facts.get("problem", "broken")))
    sizes = tuple((int(width), int(height)) for width, height in facts["sizes"])
    return Preview("pages", pages=int(facts["pages"]), sizes=sizes)


def _is_text(start: bytes) -> bool:
    return start.startswith(_UTF16) or not _NO_TEXT.search(start)


def _text(file: Attachment) -> Preview:
    with files.open_attachment(file) as opened:
        data = opened.read(MOST_TEXT + 4)
    is_cut = len(data) > MOST_TEXT
    if file.content_type.lower() == "text/html" or re.search(r"\.html?$", file.name, re.IGNORECASE):
        # The words of a page, not its tags, and never the page itself: read as a letter of nothing else.
        return Preview("text", text=parse(b"Content-Type: text/html\r\n\r\n" + data).text, is_cut=is_cut)
    text = decode(data[:MOST_TEXT])[0]
    return Preview("text", text=storable(text), is_cut=is_cut)


# --- Pages ------------------------------------------------------------------------------------


def _draw(content: bytes, number: int) -> Page:
    if not _renderers.acquire(timeout=PATIENCE):
        return Page({"problem": "busy"}, b"")
    try:
        # -I: nothing of the environment or of this folder is imported; the child gets no settings and no secrets.
        done = subprocess.run(
            [sys.executable, "-I", _RENDERER, str(number - 1), str(MOST_PAGES)],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PATIENCE,
            env={},
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Page({"problem": "busy"}, b"")
    finally:
        _renderers.release()
    said, _newline, image = done.stdout.partition(b"\n")
    if done.returncode or not said:
        # Killed by its limits, or by the document.
        logger.warning("a page could not be drawn: renderer ended with %d", done.returncode)
        return Page({"problem": "heavy"}, b"")
    return Page(json.loads(said), image)


def _kept(folder: Path, number: int) -> Page | None:
    try:
        facts = json.loads((folder / "facts").read_bytes())
        if "pages" not in facts or number > len(facts["sizes"]):
            return Page(facts, b"")
        return Page(facts, (folder / f"{number}.webp").read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _keep(folder: Path, number: int, drawn: Page) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if "pages" not in drawn.facts and number == 1:
            _write(folder / "facts", json.dumps(drawn.facts).encode())
            return
        # A page that could not be drawn is kept empty: it would not be drawn tomorrow either.
        _write(folder / f"{number}.webp", drawn.image)
        if "pages" in drawn.facts:
            _write(folder / "facts", json.dumps({name: drawn.facts[name] for name in ("pages", "sizes")}).encode())
    except OSError:
        # It is shown all the same, and drawn again the next time.
        logger.exception("a drawn page cannot be kept")


def _write(target: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix="arriving-")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    os.replace(temporary, target)


_RENDERER = str(Path(__file__).with_name("page_renderer.py"))
