"""The key of a comment of ours, in the comment itself: no tracker keeps one for us."""

from __future__ import annotations

import re

# A reference that no link uses: Markdown shows nothing of it.
MARK = "\n\n[//]: # (dispatch {idem})"
MARKED = re.compile(r"\n*\[//\]: # \(dispatch ([^()\s]+)\)\s*$")


def marked(text: str, idem: str) -> str:
    return text + MARK.format(idem=idem)


def unmarked(text: str) -> tuple[str, str]:
    """The words, and the key; whoever asks looks first whether we wrote it."""
    found = MARKED.search(text)
    return (text[: found.start()], found[1]) if found else (text, "")
