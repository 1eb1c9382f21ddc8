"""The queue over restarts: the whole store in a file, written when something has changed."""

from __future__ import annotations

import io
import itertools
import logging
import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.tracker.records import Issue
from demo.tracker.store import Store

if TYPE_CHECKING:
    from demo.tracker.server import Tracker

logger = logging.getLogger(__name__)


class Keeper:
    """`load` once before the server starts, `save` now and then and at the end.

    The file is this program's own, of the folder of one copy; one that another version wrote is begun anew.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._saved: object = None

    def load(self, tracker: Tracker) -> bool:
        """Whether there was a queue to go on with."""
        try:
            kept = pickle.loads(self.file.read_bytes())
            if kept["shape"] != _shape():
                return False
            store, pairs, triggers = kept["store"], kept["pairs"], kept["triggers"]
        except FileNotFoundError:
            return False
        except (OSError, KeyError, TypeError, AttributeError, ImportError, EOFError, pickle.UnpicklingError) as error:
            logger.warning("the kept queue cannot be read, it begins empty: %s", error)
            return False
        people = tracker.store.users
        vars(tracker.store).update(store)
        # Who was hired since.
        tracker.store.users = {**people, **tracker.store.users}
        tracker.tokens.pairs, tracker.hooks.triggers = pairs, triggers
        self._saved = _mark(tracker)
        return True

    def save(self, tracker: Tracker) -> None:
        """Whole or not at all; nothing is written while nothing has changed."""
        with tracker.lock:
            mark = _mark(tracker)
            if mark == self._saved:
                return
            kept = {
                "shape": _shape(),
                "store": vars(tracker.store),
                "pairs": tracker.tokens.pairs,
                "triggers": tracker.hooks.triggers,
            }
            content = io.BytesIO()
            _Pickler(content, pickle.HIGHEST_PROTOCOL).dump(kept)
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.file.with_name(f"{self.file.name}.new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content.getvalue())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.file)
        self._saved = mark


class _Pickler(pickle.Pickler):
    """Counters cannot be pickled any more from Python 3.14 on."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, itertools.count):
            return itertools.count, (int(repr(value).removeprefix("count(").removesuffix(")")),)
        return NotImplemented


def _shape() -> object:
    """Another version of this program keeps other things."""
    return sorted(vars(Store("SHAPE", {}))), sorted(Issue.__dataclass_fields__)


def _mark(tracker: Tracker) -> object:
    """Something that differs after every change worth keeping."""
    issues = tracker.store.issues.values()
    return (
        sum(issue.version + len(issue.comments) + len(issue.files) + issue.is_hidden for issue in issues),
        max((issue.updated_at for issue in issues), default=None),
        [pair.access for pair in tracker.tokens.pairs],
        len(tracker.hooks.triggers),
    )
