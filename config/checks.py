"""System checks of our own: what Django cannot know about this project."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import Error, register
from django.utils.module_loading import import_string


@register()
def reaction_paths_resolve(**_: Any) -> list[Error]:
    """Reactions are reached by dotted string, so a typo would only show when an incident changes."""
    paths = {path for paths in settings.INCIDENT_REACTIONS.values() for path in paths}
    errors = []
    for path in sorted(paths):
        try:
            import_string(path)
        except ImportError as error:
            errors.append(Error(f"INCIDENT_REACTIONS: {error}", id="dispatch.E001"))
    return errors


@register()
def mailbox_is_ours(**_: Any) -> Sequence[Error]:
    """`mailbox` is also a module of the standard library, and Django would take that one silently."""
    import mailbox

    path = getattr(mailbox, "__path__", None)
    if path and Path(next(iter(path))).resolve() == Path(settings.BASE_DIR) / "mailbox":
        return []
    hint = "Put the project's folder first on PYTHONPATH."
    return [Error("The app `mailbox` is hidden by the standard library's module.", hint=hint, id="dispatch.E002")]


@register()
def intake_folder_is_not_the_trackers(**_: Any) -> Sequence[Error]:
    """Such a folder is never read, so that no letter would come."""
    from mailbox.tracker_folders import is_of_tracker

    account = settings.MAIL_ACCOUNT
    if account is None or not is_of_tracker(account["inbox"]):
        return []
    hint = "Name the folder that letters come into, usually INBOX."
    return [Error(f"{account['inbox']} belongs to Yandex Tracker.", hint=hint, id="dispatch.E003")]
