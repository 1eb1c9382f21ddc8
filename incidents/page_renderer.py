"""Draws one page of a stranger's PDF. Runs as a process of its own, which incidents.previews starts and ends.

A PDF is a program in all but name, so whatever it does to its reader happens here: no database, no environment,
little memory, little time, and from the first byte of the document on no file, no network and no further process.
Fonts that a document does not bring along are replaced by those inside the library.

Standard input is the document; standard output is one line of JSON, {"pages": 12, "sizes": [[595, 842], …]} or
{"problem": "encrypted"}, and the page as WebP behind it.
"""

from __future__ import annotations

import ctypes
import json
import resource
import sys
from io import BytesIO

MEGABYTE = 1024 * 1024
MEMORY = 1024 * MEGABYTE
CPU_SECONDS = 10
# Wide enough to read small print of an A4 page; a poster is drawn smaller instead of larger.
WIDTH = 1400
MOST_PIXELS = 5_000_000
QUALITY = 82
# FPDF_ERR_PASSWORD and FPDF_ERR_SECURITY.
LOCKED = (4, 5)


def limit() -> None:
    """Set before the document is read; a process that oversteps dies, and its starter says so."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def shut() -> None:
    """From here on nothing can be opened: no file, no socket, no pipe; nothing can be started. Needs no root.

    What is open, the three standard streams, stays open; what is needed later is imported now.
    """
    import pypdfium2  # noqa: F401
    from PIL import Image

    # Its plugins are imported when a picture is saved for the first time.
    Image.init()
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    # Heeded for everybody but root, who is not in the container.
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def draw(content: bytes, number: int, most: int) -> tuple[dict[str, object], bytes]:
    """What is known of the document, and page `number` (the first is 0) as WebP, empty when there is none."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        return {"problem": "encrypted" if error.err_code in LOCKED else "broken"}, b""
    pages = len(document)
    if pages == 0:
        return {"problem": "broken"}, b""
    sizes = [[round(side) for side in document.get_page_size(each)] for each in range(min(pages, most))]
    facts: dict[str, object] = {"pages": pages, "sizes": sizes}
    if not 0 <= number < len(sizes):
        return facts, b""
    try:
        page = document[number]
        width, height = page.get_size()
        scale = min(WIDTH / max(width, 1), (MOST_PIXELS / max(width * height, 1)) ** 0.5)
        image = page.render(scale=scale).to_pil()
    except pypdfium2.PdfiumError:
        return {**facts, "problem": "broken"}, b""
    drawn = BytesIO()
    image.save(drawn, "WEBP", quality=QUALITY, method=2)
    return facts, drawn.getvalue()


def main() -> None:
    limit()
    shut()
    try:
        facts, drawn = draw(sys.stdin.buffer.read(), int(sys.argv[1]), int(sys.argv[2]))
    except (MemoryError, ctypes.ArgumentError):
        facts, drawn = {"problem": "heavy"}, b""
    sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + drawn)


if __name__ == "__main__":
    main()
