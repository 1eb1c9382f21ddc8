"""What the parts of a copy wrote: told by size, and by the lines that come again and again."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import logs


def test_only_what_was_written_since_counts_and_like_lines_are_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").mkdir()
    log = tmp_path / "logs" / "worker.log"
    log.write_text("before\n")
    before = logs.sizes(tmp_path)
    with log.open("a") as file:
        file.writelines(f"12:00:0{n} WARNING task {n} failed\n" for n in range(6))
    (tmp_path / "logs" / "later.log").write_text("12:00:00 INFO begun\n")

    logs.print_summary(logs.since(tmp_path, before), seconds=120)

    said = capsys.readouterr().out
    assert "worker.log: 0 KB, 3 lines a minute, 3.0 loud" in said
    assert "6 × #:#:# WARNING task # failed" in said
    assert "later.log" in said
    assert "before" not in said
