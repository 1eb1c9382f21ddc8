"""Loaded by `-p` before pytest-django reads the settings, so that they point at a database of this session.

A module of its own, since conftest.py comes too late: DATABASES is read before it.
"""

from config import env  # noqa: F401 - reads .env first, as every other entry does
from config.embedded import testing

VAR_DIR = testing.start_database()
