"""Settings from the environment: typed, and a wrong one is named in one line."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from config import env

NAME = "DISPATCH_TEST_SETTING"


@pytest.mark.parametrize(("text", "value"), [("", True), ("true", True), ("ON", True), ("0", False), ("no", False)])
def test_true_and_false_have_many_names(monkeypatch, text, value):
    monkeypatch.setenv(NAME, text)
    assert env.env_bool(NAME, True) is value


@pytest.mark.parametrize(
    "read",
    [
        lambda: env.env_bool(NAME),
        lambda: env.env_int(NAME, 1),
        lambda: env.env_url(NAME),
    ],
)
def test_a_wrong_value_names_the_setting_and_what_is_expected_but_not_the_value(monkeypatch, read):
    monkeypatch.setenv(NAME, "s3cret")
    with pytest.raises(SystemExit) as stopped:
        read()
    assert NAME in str(stopped.value)
    assert "expected" in str(stopped.value)
    assert "s3cret" not in str(stopped.value)


def test_numbers_have_limits(monkeypatch):
    monkeypatch.setenv(NAME, "70000")
    with pytest.raises(SystemExit, match="from 1 to 65535"):
        env.env_int(NAME, 1, least=1, most=65535)


def test_lists_are_split_as_people_write_them(monkeypatch):
    monkeypatch.setenv(NAME, "a@b.example; c@d.example,e@f.example")
    assert env.env_list(NAME) == ["a@b.example", "c@d.example", "e@f.example"]


def test_the_secret_key_is_made_once_and_only_its_owner_reads_it(monkeypatch, tmp_path):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    first = env.secret_key(tmp_path, production=False)
    assert len(first) >= 50
    assert env.secret_key(tmp_path, production=False) == first
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"DB_HOST": "dispatch_db"}, "SECRET_KEY"),
        ({"DB_HOST": "dispatch_db", "SECRET_KEY": "x"}, "POSTGRES_DB"),
        ({"PARSING_EMAIL_SERVER": "imap.example"}, "PARSING_EMAIL_LOGIN"),
        ({"PARSING_EMAIL_SERVER": "imap.example", "PARSING_EMAIL_LOGIN": "me"}, "PARSING_EMAIL_ADDRESS"),
        ({"MAIL_POLL_SECONDS": "soon"}, "MAIL_POLL_SECONDS"),
        ({"TS_POLES_TL_URL": "ftp://store.example"}, "TS_POLES_TL_URL"),
    ],
)
def test_the_start_stops_with_the_name_of_what_is_missing_or_wrong(given, missing, tmp_path):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    said = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=Path(settings.BASE_DIR),
        env={**kept, "VAR_DIR": str(tmp_path), **given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode != 0
    assert len(said.stderr.strip().splitlines()) == 1
    assert missing in said.stderr
