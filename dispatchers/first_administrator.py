"""The administrator named by ADMIN_USERNAME, ADMIN_EMAIL and ADMIN_PASSWORD, made when the database is."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from dispatchers.roles import Role


def create(**_: Any) -> None:
    """After `migrate`: make him if nobody has this name. An existing account, and its password, stay as they are."""
    from dispatchers.models import User

    name, password = settings.ADMIN_USERNAME, settings.ADMIN_PASSWORD
    if name and password and not User.objects.filter(username=name).exists():
        User.objects.create_user(name, settings.ADMIN_EMAIL, password, role=Role.ADMINISTRATOR)
