"""What holds for the project as a whole."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

ROOT = Path(settings.BASE_DIR)
APPS = ["config", "demo", "dispatchers", "incidents", "mailbox", "sla", "towers", "tracker_bridge"]


def test_mailbox_is_ours_and_not_the_standard_librarys():
    import mailbox

    assert Path(next(iter(mailbox.__path__))).resolve() == ROOT / "mailbox"


def test_the_check_says_so_when_the_standard_library_wins():
    code = (
        "import sys; sys.path.append(sys.path.pop(0)); import django.conf as c; c.settings.configure(BASE_DIR='/'); "
        "sys.path.insert(0, sys.argv[1]); import mailbox as m; sys.modules['mailbox'] = type(sys)('mailbox'); "
        "from config.checks import mailbox_is_ours as f; print(f()[0].id)"
    )
    said = subprocess.run([sys.executable, "-c", code, str(ROOT)], capture_output=True, text=True, check=False)
    assert said.stdout.strip() == "dispatch.E002", said.stderr


def test_system_checks_are_silent():
    call_command("check", fail_level="WARNING")


def test_a_reaction_that_does_not_exist_stops_the_start(settings):
    from config.checks import reaction_paths_resolve

    settings.INCIDENT_REACTIONS = {"opened": ["sla.reactions.nothing_of_the_kind"]}
    assert [error.id for error in reaction_paths_resolve()] == ["dispatch.E001"]


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_task_of_the_schedule_exists():
    from config.celery import app

    app.loader.import_default_modules()
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(app.tasks)


def test_nothing_names_a_package_registry_or_a_path_of_this_machine():
    # Hosts spelled in pieces, so that this file is not its own finding.
    hosts = "|".join(re.escape(name) for name in ("pypi" + ".org", "python" + "hosted", "npmjs" + ".org"))
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    texts = [ROOT / name for name in tracked if name.endswith((".py", ".md", ".toml", ".lock", ".yml", ".txt", ".sh"))]
    found = [str(path) for path in texts if path.exists() and re.search(hosts, path.read_text(errors="replace"))]
    assert not found
