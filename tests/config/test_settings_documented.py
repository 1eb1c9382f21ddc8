"""docs/settings.md and .env.example know every setting, and .env.example tells its true default."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = [path for folder in ("config", "demo", "gateway") for path in sorted((ROOT / folder).rglob("*.py"))]
# What the parts of one run tell each other, and what the system gives: nobody sets these.
INTERNAL = re.compile(r"DISPATCH_(LAUNCHER|TIED_TO_PARENT|TEST_SESSION)|DJANGO_SETTINGS_MODULE|PATH|PYTHONUNBUFFERED")
# At the customer's already, and not read by anything yet.
CUSTOMERS = re.findall(
    r"\w+",
    """
    SECRET_KEY DJANGO_ALLOWED_HOSTS DEBUG EMAIL_HOST EMAIL_HOST_USER EMAIL_HOST_PASSWORD EMAIL_PORT EMAIL_USE_TLS
    ADMIN_USERNAME ADMIN_EMAIL ADMIN_PASSWORD DB_HOST DB_PORT POSTGRES_DB POSTGRES_USER POSTGRES_PASSWORD
    TS_POLES_TL_URL TS_AVR_REPORT_URL TS_BS_REPORT_URL DEFAULT_CONTRACTOR_EMAILS
    PARSING_EMAIL_LOGIN PARSING_EMAIL_PSWD PARSING_EMAIL_SERVER PARSING_EMAIL_PORT PARSING_EMAIL_SENT_FOLDER_NAME
    YT_CLIENT_ID YT_CLIENT_SECRET YT_ORGANIZATION_ID YT_ACCESS_TOKEN YT_REFRESH_TOKEN YT_QUEUE
    YT_DATABASE_ID_GLOBAL_FIELD_ID YT_EMAILS_IDS_GLOBAL_FIELD_ID YT_POLE_NUMBER_GLOBAL_FIELD_ID
    YT_BASE_STATION_GLOBAL_FIELD_ID YT_EMAIL_DATETIME_GLOBAL_FIELD_ID YT_IS_NEW_MSG_GLOBAL_FIELD_ID
    YT_SLA_DEADLINE_GLOBAL_FIELD_ID YT_IS_SLA_EXPIRED_GLOBAL_FIELD_ID YT_OPERATOR_NAME_GLOBAL_FIELD_NAME
    YT_AVR_NAME_GLOBAL_FIELD_ID YT_TYPE_OF_INCIDENT_LOCAL_FIELD_ID YT_ON_GENERATION_STATUS_KEY
    YT_NOTIFY_OPERATOR_ISSUE_IN_WORK_STATUS_KEY YT_NOTIFIED_OPERATOR_ISSUE_IN_WORK_STATUS_KEY
    YT_NOTIFY_OPERATOR_ISSUE_CLOSED_STATUS_KEY YT_NOTIFIED_OPERATOR_ISSUE_CLOSED_STATUS_KEY
    YT_NOTIFY_AVR_CONTRACTOR_IN_WORK_STATUS_KEY YT_NOTIFIED_AVR_CONTRACTOR_IN_WORK_STATUS_KEY
    TG_TOKEN TG_DEFAULT_USER_ID
    """,
)


def names_read(file: Path) -> Iterator[str]:
    """Names given to env_…(), os.environ[…] and os.environ.get()."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func)
            if called.startswith("env_") or called.endswith("environ.get"):
                yield str(node.args[0].value)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
            yield from [node.slice.value] if isinstance(node.slice, ast.Constant) else []


def all_names() -> set[str]:
    read = {name for file in CODE for name in names_read(file)}
    return {name for name in read if not INTERNAL.fullmatch(name)} | set(CUSTOMERS)


def test_every_setting_is_described():
    described = set(re.findall(r"`([A-Z][A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text()))
    assert all_names() - described == set()


def test_every_setting_stands_in_the_example():
    example = set(re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert all_names() - example == set()


def test_numbers_of_the_example_are_the_defaults_of_the_code():
    example = dict(re.findall(r"^#([A-Z_]+)=(\d+)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    defaults = {}
    for file in CODE:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "env_int" and len(node.args) > 1:
                name, default = node.args[0], node.args[1]
                assert isinstance(name, ast.Constant)
                defaults[name.value] = str(eval(compile(ast.Expression(default), "default", "eval")))
    assert {name: value for name, value in example.items() if name in defaults} == {
        name: value for name, value in defaults.items() if name in example
    }
