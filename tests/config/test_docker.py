"""The Dockerfile, without an engine: its own steps, in its own order, in an empty folder with a fresh Python."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
# What pip says when nobody can be reached; any other failure is ours.
OFFLINE = ("NewConnectionError", "Temporary failure in name resolution", "NameResolutionError", "ProxyError")


def instructions(stage: str) -> Iterator[tuple[str, str]]:
    """The instructions of one stage, as (word, rest) in order."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    current = ""
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            current = rest.rpartition(" ")[2]
        elif current == stage and word and not word.startswith("#"):
            yield word, " ".join(rest.split())


def is_ignored(path: Path) -> bool:
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line]
    parts = path.relative_to(ROOT).parts
    tops = [pattern for pattern in patterns if not pattern.startswith("**/")]
    anywhere = [pattern.removeprefix("**/") for pattern in patterns if pattern.startswith("**/")]
    return any(fnmatch.fnmatch(parts[0], pattern) for pattern in tops) or any(
        fnmatch.fnmatch(part, pattern) for part in parts for pattern in anywhere
    )


class Build:
    """A folder that stands for the image: /app lies in it, and `python` is its own."""

    def __init__(self, folder: Path) -> None:
        self.app = folder / "app"
        self.app.mkdir()
        venv.create(folder / "python", with_pip=True, symlinks=True)
        self.environment = {"PATH": f"{self._programs(folder)}:{folder / 'python/bin'}:/usr/bin:/bin"}
        # The way to the package index is the machine's own.
        kept = [name for name in os.environ if re.match(r"(?i)(pip_|https?_proxy|no_proxy|ssl_cert|requests_ca)", name)]
        self.environment |= {name: os.environ[name] for name in kept}

    def _programs(self, folder: Path) -> Path:
        """Only root may give files away; an ordinary user's build leaves them his own."""
        programs = folder / "programs"
        programs.mkdir()
        if os.geteuid() != 0:
            (programs / "chown").write_text("#!/bin/sh\nexit 0\n")
            (programs / "chown").chmod(0o755)
        return programs

    def take(self, word: str, rest: str) -> None:
        if word == "ENV":
            pairs = dict(pair.split("=", 1) for pair in shlex.split(rest))
            self.environment |= {name: value.replace("/app", str(self.app)) for name, value in pairs.items()}
        elif word == "COPY":
            *sources, target = rest.split()
            assert target == "./", rest
            for source in sources:
                self._copy(ROOT / source)
        elif word == "RUN":
            self.run(rest)
        else:
            assert word in {"WORKDIR", "USER", "EXPOSE", "CMD"}, word

    def _copy(self, source: Path) -> None:
        if source.is_file():
            shutil.copy(source, self.app)
            return
        ignore = lambda folder, names: [name for name in names if is_ignored(Path(folder) / name)]  # noqa: E731
        shutil.copytree(source, self.app, ignore=ignore, dirs_exist_ok=True)

    def run(self, command: str) -> str:
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd=self.app, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode and any(word in done.stderr for word in OFFLINE):
            pytest.skip("no package index can be reached from here")
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout


def test_nothing_secret_and_no_data_goes_into_the_image():
    for name in (".env", ".env.local", ".git/config", "var/secret_key", "data/letters/x", "logs/x", ".venv/bin"):
        assert is_ignored(ROOT / name), name
    assert not is_ignored(ROOT / "config" / "settings.py")
    assert not is_ignored(ROOT / "static" / "app.css")


def test_what_the_gateway_copies_is_there():
    for word, rest in instructions("gateway"):
        if word == "COPY" and "--from" not in rest:
            assert (ROOT / rest.split()[0]).is_file(), rest


def test_the_image_runs_as_an_ordinary_user():
    for stage in ("backend", "gateway"):
        assert dict(instructions(stage))["USER"] == "10001:10001"


@pytest.mark.skipif(not IN_CI, reason="the Dockerfile's steps take a minute or two: set CI=true")
def test_the_steps_of_the_dockerfile_work_in_an_empty_folder(tmp_path):
    build = Build(tmp_path)

    for word, rest in instructions("backend"):
        build.take(word, rest)

    assert (build.app / "var" / "static" / "staticfiles.json").is_file()
    assert not (build.app / "tests").exists()
    place = "DB_HOST=db POSTGRES_DB=d POSTGRES_USER=u POSTGRES_PASSWORD=p SECRET_KEY=k DJANGO_ALLOWED_HOSTS=x"
    build.run(f"{place} python manage.py check")
    command = json.loads(dict(instructions("backend"))["CMD"])
    build.run(f"{place} {shlex.join(command)} --check-config")
    # The programs that ran were the image's own, not those of this test.
    assert sys.prefix not in build.run("python -c 'import django; print(django.__path__)'")
