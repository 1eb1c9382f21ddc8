"""Signing in, and asking what somebody may do."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend

from dispatchers.models import User
from dispatchers.roles import PERMISSIONS, Role


class RoleBackend(ModelBackend):
    """Django's own sign-in, with the permissions of the role added; they cost no query."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        user: User = user_obj
        if not user.is_active or user.is_anonymous:
            return False
        if user.role == Role.ADMINISTRATOR or perm in PERMISSIONS.get(user.role, frozenset()):
            return True
        return super().has_perm(user, perm, obj)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        user: User = user_obj
        return (user.is_active and user.role == Role.ADMINISTRATOR) or super().has_module_perms(user, app_label)
