"""Typed readers for the environment. A wrong value stops the start with its name and what is expected.

A file `.env` in the project's folder is read once, when this module is imported; real variables win over it.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import load_dotenv

from config.embedded.paths import make_var_dir

BASE_DIR = Path(__file__).resolve().parent.parent
load_dotenv(BASE_DIR / ".env")

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


class WrongSetting(SystemExit):
    """A setting that cannot be used; printed as one line, without a traceback."""

    def __init__(self, name: str, expected: str) -> None:
        # Never the value itself: it may be a secret.
        super().__init__(f"Setting {name} is wrong: expected {expected}.")


def env_str(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def env_required(name: str, *, because: str) -> str:
    value = env_str(name)
    if not value:
        raise WrongSetting(name, f"a value, because {because}")
    return value


def env_bool(name: str, default: bool = False) -> bool:
    value = env_str(name).lower()
    if not value:
        return default
    if value not in TRUE | FALSE:
        raise WrongSetting(name, "true or false")
    return value in TRUE


def env_int(name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    value = env_str(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        raise WrongSetting(name, "a whole number") from None
    if not least <= number <= most:
        raise WrongSetting(name, f"a whole number from {least} to {most}")
    return number


def env_list(name: str, default: str = "") -> list[str]:
    """Items split by commas, semicolons or spaces."""
    value = env_str(name, default)
    return value.replace(",", " ").replace(";", " ").split()


def env_url(name: str, *, schemes: tuple[str, ...] = ("http", "https")) -> str:
    value = env_str(name)
    if value and urlsplit(value).scheme not in schemes:
        raise WrongSetting(name, f"an address that starts with {' or '.join(f'{s}://' for s in schemes)}")
    return value


def secret_key(var_dir: Path, *, production: bool) -> str:
    """SECRET_KEY, or, on embedded defaults only, one generated once into `var_dir` with mode 600."""
    if value := env_str("SECRET_KEY"):
        return value
    if production:
        raise WrongSetting("SECRET_KEY", "a long random value, because DB_HOST is set")
    path = var_dir / "secret_key"
    make_var_dir(var_dir)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_when_written(path)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(50))
    return path.read_text().strip()


def _read_when_written(path: Path) -> str:
    # Another process may have created the file and not yet written it: an empty key is never returned.
    for _ in range(1000):
        if value := path.read_text().strip():
            return value
    path.write_text(secrets.token_urlsafe(50))
    return path.read_text().strip()
