"""The settings of the mirror, as one value; None where no tracker is set. The customer's names are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from config.env import WrongSetting, env_bool, env_int, env_required, env_str, env_url

SHORTEST_SECRET = 16
BACKENDS = ("off", "yandex", "redmine", "memory")
# Our name of a field -> the setting that holds its id over there; without it that field is not mirrored.
FIELDS = {
    "type": "YT_TYPE_OF_INCIDENT_LOCAL_FIELD_ID",
    "database_id": "YT_DATABASE_ID_GLOBAL_FIELD_ID",
    "email_ids": "YT_EMAILS_IDS_GLOBAL_FIELD_ID",
    "pole": "YT_POLE_NUMBER_GLOBAL_FIELD_ID",
    "base_station": "YT_BASE_STATION_GLOBAL_FIELD_ID",
    "email_datetime": "YT_EMAIL_DATETIME_GLOBAL_FIELD_ID",
    "is_new_message": "YT_IS_NEW_MSG_GLOBAL_FIELD_ID",
    "sla_deadline": "YT_SLA_DEADLINE_GLOBAL_FIELD_ID",
    "sla_state": "YT_IS_SLA_EXPIRED_GLOBAL_FIELD_ID",
    "operator": "YT_OPERATOR_NAME_GLOBAL_FIELD_NAME",
    "contractor": "YT_AVR_NAME_GLOBAL_FIELD_ID",
}
# The same for Redmine, by name or number of the custom field.
REDMINE_FIELDS = {
    "type": "REDMINE_TYPE_FIELD",
    "database_id": "REDMINE_DATABASE_ID_FIELD",
    "email_ids": "REDMINE_EMAIL_IDS_FIELD",
    "pole": "REDMINE_POLE_FIELD",
    "base_station": "REDMINE_BASE_STATION_FIELD",
    "email_datetime": "REDMINE_EMAIL_DATETIME_FIELD",
    "is_new_message": "REDMINE_IS_NEW_MESSAGE_FIELD",
    "sla_deadline": "REDMINE_SLA_DEADLINE_FIELD",
    "sla_state": "REDMINE_SLA_STATE_FIELD",
    "operator": "REDMINE_OPERATOR_FIELD",
    "contractor": "REDMINE_CONTRACTOR_FIELD",
}
# Key of a status of ours -> the setting that names it over there; all others have the same key on both sides.
STATUSES = {
    "naGeneraciiNb": "YT_ON_GENERATION_STATUS_KEY",
    "uvedomlaemOperatora": "YT_NOTIFY_OPERATOR_ISSUE_IN_WORK_STATUS_KEY",
    "uvedomiliOperatora": "YT_NOTIFIED_OPERATOR_ISSUE_IN_WORK_STATUS_KEY",
    "peredatPodradciku": "YT_NOTIFY_AVR_CONTRACTOR_IN_WORK_STATUS_KEY",
    "peredanoPodradciku": "YT_NOTIFIED_AVR_CONTRACTOR_IN_WORK_STATUS_KEY",
    "uvedomitOZakrytii": "YT_NOTIFY_OPERATOR_ISSUE_CLOSED_STATUS_KEY",
    "uvedomiliOZakrytii": "YT_NOTIFIED_OPERATOR_ISSUE_CLOSED_STATUS_KEY",
}


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """`fields` and `statuses` lead from our names to those over there.

    What is not in `statuses` has the same key, or the same name where a tracker knows them by name (`names_statuses`).
    """

    backend: str
    # The queue, or the project.
    queue: str
    url: str
    pages: str
    # The organisation, by the header that fits: of Yandex 360, or of Yandex Cloud.
    organisation: str
    is_cloud: bool
    oauth_url: str
    client_id: str
    client_secret: str
    access: str
    refresh: str
    fields: Mapping[str, str]
    statuses: Mapping[str, str]
    largest_file: int
    # What a trigger over there has to know to be heard; empty: hints are not taken.
    hook_secret: str = ""
    names_statuses: bool = False
    # The kind of issues that are created, where there are several, and the field for our keys, where it needs one.
    issue_type: str = ""
    key_field: str = ""
    # All workers together, searches half as many; 0: as many as they can.
    calls_per_second: int = 0

    def __repr__(self) -> str:
        # Settings are printed in reports of errors.
        return f"<TrackerSettings {self.backend} {self.queue}>"


def read_tracker() -> TrackerSettings | None:
    """Off unless a tracker is named: a file of settings from before must not begin to write by itself."""
    backend = env_str("TRACKER_BACKEND") or "off"
    if backend not in BACKENDS:
        raise WrongSetting("TRACKER_BACKEND", f"one of {', '.join(BACKENDS)}")
    if backend == "off":
        return None
    return _redmine() if backend == "redmine" else _yandex(backend)


def _yandex(backend: str) -> TrackerSettings:
    if backend == "yandex":
        env_required("YT_QUEUE", because="TRACKER_BACKEND is yandex")
    return TrackerSettings(
        backend=backend,
        queue=env_str("YT_QUEUE"),
        url=env_url("YT_API_URL") or "https://api.tracker.yandex.net",
        pages=env_url("YT_PAGES_URL") or "https://tracker.yandex.ru",
        organisation=env_str("YT_ORGANIZATION_ID"),
        is_cloud=env_bool("YT_ORGANIZATION_IS_CLOUD"),
        oauth_url=env_url("YT_OAUTH_URL") or "https://oauth.yandex.ru",
        client_id=env_str("YT_CLIENT_ID"),
        client_secret=env_str("YT_CLIENT_SECRET"),
        access=env_str("YT_ACCESS_TOKEN"),
        refresh=env_str("YT_REFRESH_TOKEN"),
        fields={name: remote for name, setting in FIELDS.items() if (remote := env_str(setting))},
        statuses=_statuses(),
        largest_file=env_int("TRACKER_LARGEST_FILE_MB", 50, least=1) * 1024 * 1024,
        calls_per_second=_calls_per_second(),
        hook_secret=_hook_secret(),
    )


def _redmine() -> TrackerSettings:
    because = "TRACKER_BACKEND is redmine"
    url = env_required("REDMINE_URL", because=because) and env_url("REDMINE_URL")
    return TrackerSettings(
        backend="redmine",
        queue=env_required("REDMINE_PROJECT", because=because),
        url=url,
        pages=url,
        organisation="",
        is_cloud=False,
        oauth_url="",
        client_id="",
        client_secret="",
        access=env_required("REDMINE_API_KEY", because=because),
        refresh="",
        fields={name: remote for name, setting in REDMINE_FIELDS.items() if (remote := env_str(setting))},
        statuses=_pairs("TRACKER_STATUSES"),
        # As Redmine comes.
        largest_file=env_int("REDMINE_LARGEST_FILE_MB", 5, least=1) * 1024 * 1024,
        calls_per_second=_calls_per_second(),
        names_statuses=True,
        issue_type=env_str("REDMINE_TRACKER"),
        key_field=env_str("REDMINE_KEY_FIELD") or "Dispatch",
    )


def _calls_per_second() -> int:
    return env_int("TRACKER_CALLS_PER_SECOND", 8, least=0)


def _hook_secret() -> str:
    secret = env_str("TRACKER_HOOK_SECRET")
    if secret and len(secret) < SHORTEST_SECRET:
        raise WrongSetting("TRACKER_HOOK_SECRET", f"at least {SHORTEST_SECRET} characters")
    return secret


def _statuses() -> dict[str, str]:
    """The customer's settings name some; TRACKER_STATUSES names any, and wins."""
    named = {key: remote for key, setting in STATUSES.items() if (remote := env_str(setting))}
    return {**named, **_pairs("TRACKER_STATUSES")}


def _pairs(setting: str) -> dict[str, str]:
    """`ours=theirs ours=theirs`; a name may have spaces."""
    given = re.split(r"\s*[,;]\s*|\s+(?=\w+=)", env_str(setting))
    pairs = [each.partition("=") for each in given if each]
    if any(not ours or not theirs for ours, _, theirs in pairs):
        raise WrongSetting(setting, "pairs such as deferred=postponed")
    return {ours: theirs for ours, _, theirs in pairs}
