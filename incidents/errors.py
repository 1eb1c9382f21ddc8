"""Refusals that the person at the screen can do something about."""

from __future__ import annotations

from django.utils.functional import Promise


class DomainError(Exception):
    """A rule of the desk says no. `user_message` is translated and says what to do."""

    def __init__(self, user_message: str | Promise) -> None:
        super().__init__(str(user_message))
        self.user_message = str(user_message)
