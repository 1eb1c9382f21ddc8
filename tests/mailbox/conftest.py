"""Tests that need a mail server get a real one: Dovecot where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mailbox import watching
from tests import dovecot


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[dovecot.Dovecot]:
    """A running server whose mailbox the settings name; everything that is there is taken in."""
    if not dovecot.is_installed():
        pytest.skip("needs Dovecot (apt install dovecot-imapd)")
    monkeypatch.setattr(watching, "wake", lambda: None)
    with dovecot.running() as running:
        settings.MAIL_ACCOUNT = running.account
        settings.MAIL_FIRST_LOOK_DAYS = 0
        yield running
