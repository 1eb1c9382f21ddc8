"""A local look-alike of Yandex Tracker: its API, its traps, its failures, and a page to act as one of its users."""

from demo.tracker.server import Tracker

__all__ = ["Tracker"]
