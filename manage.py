#!/usr/bin/env python
"""Django's command line. Without DB_HOST each command has the embedded database for its own duration."""

import os
import sys

from config import env  # noqa: F401 - reads .env before anything else looks at the environment
from config.embedded import postgres


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    with postgres.for_command(sys.argv):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
