"""Folders that Yandex Tracker makes in a mailbox for itself: copies of letters that come by the usual way, too.

They are neither offered nor read, wherever a server hangs them and however it writes them.
"""

from __future__ import annotations

import re

# For searches in the table as well. The names have no letters beyond ASCII, so that no server spells them otherwise.
OF_TRACKER = r"(^|[/.|\\])yandextracker(inbox|archive)($|[/.|\\])"


def is_of_tracker(name: str) -> bool:
    """Whether the folder, or one that it lies in, is Yandex Tracker's own."""
    return re.search(OF_TRACKER, name, re.IGNORECASE) is not None
