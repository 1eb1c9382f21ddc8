"""The compose files and the gateway: names that customers rely on, and what their own programs say of them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = ["docker-compose.yml", "docker-compose.production.yml"]
OURS = {"dispatch_migrate", "dispatch_backend", "dispatch_events", "dispatch_worker", "dispatch_watcher"}
ALL = OURS | {"dispatch_db", "dispatch_gateway", "dispatch_broker"}


def services(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())["services"]
    return found


@pytest.mark.parametrize("name", FILES)
def test_the_services_have_the_names_that_env_files_know(name):
    assert set(services(name)) == ALL


@pytest.mark.parametrize("name", FILES)
def test_every_part_that_stays_is_watched_and_restarted(name):
    for service, facts in services(name).items():
        if service != "dispatch_migrate":
            assert facts["restart"] == "unless-stopped", service
            assert facts["healthcheck"]["test"], service


@pytest.mark.parametrize("name", FILES)
def test_our_parts_run_as_an_ordinary_user_on_the_mounted_folders(name):
    for service in OURS - {"dispatch_migrate"}:
        facts = services(name)[service]
        assert facts["user"] == "10001:10001"
        assert {"./.env:/app/.env:ro", "./data:/app/data", "./logs:/app/logs"} <= set(facts["volumes"])


def test_production_builds_nothing():
    assert not any("build" in facts for facts in services("docker-compose.production.yml").values())
    assert all("image" in facts for facts in services("docker-compose.production.yml").values())


def test_the_two_files_differ_only_in_where_images_come_from():
    here, there = services(FILES[0]), services(FILES[1])
    for facts in (*here.values(), *there.values()):
        for key in ("build", "image", "ports"):
            facts.pop(key, None)
    assert here == there


@pytest.mark.parametrize("name", FILES)
def test_only_one_container_runs_the_clock(name):
    with_clock = [service for service, facts in services(name).items() if "-B" in facts.get("command", [])]
    assert with_clock == ["dispatch_worker"]


@pytest.mark.skipif(not shutil.which("docker-compose"), reason="docker-compose is not installed")
@pytest.mark.parametrize("name", FILES)
def test_docker_compose_takes_the_file(name, tmp_path):
    shutil.copy(ROOT / name, tmp_path)
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    done = subprocess.run(
        ["docker-compose", "-f", name, "config", "-q"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def nginx_config(tmp_path: Path) -> Path:
    """The gateway's own file, with the folder of logs put where anybody may write."""
    config = (ROOT / "gateway" / "nginx.conf").read_text().replace("/var/log/dispatch", str(tmp_path))
    file = tmp_path / "nginx.conf"
    file.write_text(config)
    return file


def find_nginx() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@pytest.mark.skipif(not find_nginx(), reason="nginx is not installed")
def test_nginx_takes_the_gateways_file(tmp_path):
    command = [str(find_nginx()), "-t", "-q", "-e", "stderr", "-c", str(nginx_config(tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_gateway_names_services_that_exist():
    named = set(re.findall(r"http://(dispatch_\w+):", (ROOT / "gateway" / "nginx.conf").read_text()))
    assert named == {"dispatch_backend", "dispatch_events"}
