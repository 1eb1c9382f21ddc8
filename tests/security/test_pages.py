"""What holds for every page: a strict policy, nothing inline, no secrets, and an error page that tells nothing."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.http import HttpResponse
from django.test import Client
from django.views.debug import get_default_exception_reporter_filter

from dispatchers.roles import Role
from tests.factories import make_user
from tests.security.people import browser_of
from tests.security.routes import all_routes, make_world

ROOT = Path(project.BASE_DIR)
# Letters are no pages: programs for letters know styles of elements only.
TEMPLATES = [path for path in sorted((ROOT / "templates").rglob("*.html")) if path.parent.name != "mail"]
SCRIPTS = [path for path in sorted((ROOT / "static" / "js").rglob("*.js"))]
INLINE = {
    "an event handler": re.compile(r"""[\s"']on[a-z]+\s*=\s*["']""", re.IGNORECASE),
    "a style attribute": re.compile(r"""[\s"']style\s*=""", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a script without address": re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE),
    "a script's address": re.compile(r"""(?:href|src|action)\s*=\s*["']?\s*(?:javascript|data|vbscript):""", re.I),
    "code of htmx": re.compile(r"""hx-on|hx-vars|js:|javascript:|hx-trigger="[^"]*\["""),
    "something of another site": re.compile(r"""<(?:script|link|img|iframe)\b[^>]* (?:src|href)=["']?(?:https?:)?//"""),
    "text left unescaped": re.compile(r"\|\s*safe\b|safeseq|autoescape\s+off"),
}  # fmt: skip
EVAL = re.compile(r"\beval\(|new Function|document\.write|outerHTML\s*=|insertAdjacentHTML|setAttribute\(\s*[\"']on")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_no_template_has_anything_inline(template: Path) -> None:
    text = template.read_text()

    found = [f"{what}: {hit[0]}" for what, pattern in INLINE.items() for hit in pattern.finditer(text)]

    assert found == []


@pytest.mark.parametrize("opening", [r'target="_blank"'])
def test_every_link_into_a_new_window_leaves_nothing_behind(opening: str) -> None:
    for template in TEMPLATES:
        for link in re.findall(r"<a\b[^>]*>", template.read_text()):
            if opening in link and 'href="{% url' not in link:
                assert 'rel="noopener noreferrer"' in link, f"{template}: {link}"


def test_no_script_of_ours_makes_code_out_of_text() -> None:
    found = {path.name: EVAL.findall(path.read_text()) for path in SCRIPTS}

    assert [name for name, hits in found.items() if hits] == []


def policy(response: Any) -> dict[str, list[str]]:
    parts = (part.split() for part in response.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, *sources in parts}


def is_strict(response: Any) -> None:
    said = policy(response)
    assert said["default-src"] in (["'self'"], ["'none'"])
    assert said.get("script-src", said["default-src"]) in (["'self'"], ["'none'"])
    if said["default-src"] == ["'self'"]:
        assert said["style-src"] == ["'self'"]
        assert said["object-src"] == said["base-uri"] == ["'none'"]
        assert said["form-action"] == said["frame-ancestors"] == ["'self'"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] in {"SAMEORIGIN", "DENY"}
    assert response.headers["Referrer-Policy"] in {"same-origin", "no-referrer"}


@pytest.mark.django_db
@pytest.mark.parametrize("role", [None, Role.ADMINISTRATOR])
def test_every_answer_has_the_strict_policy(role: str | None) -> None:
    world, person = make_world(), make_user(role) if role else None
    for route in all_routes():
        for method in ("GET",) if route.startswith("admin/") else ("GET", "POST"):
            is_strict(browser_of(person).generic(method, world.address(route)))


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/nothing/here/", "/incidents/NT-0/", "/letters/9/body/", "/?q=%00", "/towers/x/"])
def test_refusals_have_it_too(address: str) -> None:
    is_strict(browser_of(make_user()).get(address))
    is_strict(Client().get("/", HTTP_HOST="evil.example"))
    is_strict(Client(enforce_csrf_checks=True).post("/sign-in/"))


@pytest.mark.django_db
def test_no_answer_is_for_the_caches_of_others() -> None:
    world, desk = make_world(), browser_of(make_user(Role.ADMINISTRATOR))
    for route in all_routes():
        said = desk.get(world.address(route)).headers["Cache-Control"]
        assert "private" in said or "no-store" in said, route


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page that asks for the desk's filters breaks, with a secret in its words and its variables."""

    def fail(*args: Any, **kwargs: Any) -> HttpResponse:
        password = "hunter-of-secrets"
        raise RuntimeError(f"cannot use {password}")

    monkeypatch.setattr("incidents.views.desk.DeskFilter.read", fail)


@pytest.mark.django_db
@pytest.mark.usefixtures("broken")
def test_a_page_that_breaks_says_so_and_nothing_more(caplog: pytest.LogCaptureFixture) -> None:
    desk = browser_of(make_user())
    desk.raise_request_exception = False

    said = desk.get("/?q=тайна")

    page = said.content.decode()
    assert said.status_code == 500
    assert "500" in page
    for secret in ("hunter", "RuntimeError", "Traceback", "desk.py", project.SECRET_KEY, "тайна"):
        assert secret not in page
    is_strict(said)


def test_debugging_is_off_unless_somebody_asks_for_it() -> None:
    from config.env import env_bool

    assert env_bool("A_NAME_NOBODY_SETS") is False
    assert project.DEBUG is False


def test_what_is_reported_of_the_settings_hides_every_secret(settings: Any) -> None:
    """The page of DEBUG=true, and whatever a monitoring tool takes from Django."""
    settings.SECRET_KEY = settings.REDIS_URL = settings.CELERY_BROKER_URL = "redis://:hunter-of-secrets@broker:6379/0"
    settings.MAIL_ACCOUNT = {"host": "imap.example", "login": "desk", "password": "hunter-of-secrets"}

    assert "hunter-of-secrets" not in repr(get_default_exception_reporter_filter().get_safe_settings())


def test_a_password_is_not_written_to_the_log(caplog: pytest.LogCaptureFixture, db: None) -> None:
    caplog.set_level(logging.DEBUG)

    Client().post("/sign-in/", {"username": make_user().username, "password": "hunter-of-secrets"})

    assert "hunter-of-secrets" not in caplog.text


def test_a_setting_that_is_wrong_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    from config import env

    monkeypatch.setenv("TS_POLES_TL_URL", "hunter-of-secrets")
    monkeypatch.setenv("DEBUG", "hunter-of-secrets")
    for read in (
        lambda: env.env_url("TS_POLES_TL_URL"),
        lambda: env.env_bool("DEBUG"),
        lambda: env.env_int("DEBUG", 1),
    ):
        with pytest.raises(SystemExit) as stopped:
            read()
        assert "hunter" not in str(stopped.value)
