"""Seconds and memory that reading a letter takes, hostile ones first: `python bench/reading.py [FOLDER|FILE …]`.

Each case runs in a process of its own. Exit code 1 when one is above the limits.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.hostile import HOSTILE, ORDINARY

SECONDS, MEGABYTES = 3.0, 256
# Milliseconds of processor an ordinary letter may take.
TEXT_MS, HTML_MS, FILE_MS = 0.7, 2.5, 5.0
RUNS = 400


def main() -> None:
    """Print what each case takes; exit 1 above the limits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, help="letters to read as well: files or folders")
    parser.add_argument("--only", default="", help="hostile letters whose name holds this word")
    # What a child process runs.
    parser.add_argument("--measure", nargs="+", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ordinary", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        _measure(options.measure)
    elif options.ordinary:
        _measure_ordinary()
    else:
        sys.exit(0 if _run(options.paths, options.only) else 1)


def _run(paths: list[Path], only: str) -> bool:
    """All cases; whether all were within the limits."""
    good = True
    print(f"limits     {SECONDS:.0f} s of processor, {MEGABYTES} MB at most in memory, the interpreter included")
    with tempfile.TemporaryDirectory() as folder:
        for name in (name for name in HOSTILE if only in name):
            file = Path(folder) / "letter.eml"
            size = HOSTILE[name](file)
            good &= _child(f"{size / 2**20:6.1f} MB {name}", ["--measure", str(file)])
            file.unlink()
    for path in paths:
        files = sorted(path.rglob("*.eml")) if path.is_dir() else [path]
        good &= _child(f"{len(files)} files in {path.name}", ["--measure", *map(str, files)])
    return _child("", ["--ordinary"]) and good if not only else good


def _child(name: str, arguments: list[str]) -> bool:
    """Run this file in a process of its own and print what it says; whether all was well."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    said = done.stdout.rstrip() or done.stderr.strip()[-300:] or f"died with {done.returncode}"
    print(f"{said}  {name}".rstrip(), flush=True)
    return done.returncode == 0


def _measure(files: list[Path]) -> None:
    """Read the letters one after another; print the slowest one's seconds and the peak of memory."""
    from mailbox.parsing import parse

    parse(b"Content-Type: text/html\n\n<p>x")
    before, slowest, codes = _memory("VmRSS"), 0.0, set()
    for file in files:
        raw = file.read_bytes()
        began = time.process_time()
        letter = parse(raw)
        slowest = max(slowest, time.process_time() - began)
        codes |= {problem.code for problem in letter.problems}
        del raw, letter
    peak = _memory("VmHWM")
    is_good = slowest <= SECONDS and peak <= MEGABYTES and "unreadable" not in codes
    told = ", ".join(sorted(code for code in codes if "cut" in code or code in ("html-too-complex", "unreadable")))
    print(f"{slowest:6.2f} s  {peak:4.0f} MB (+{peak - before:3.0f})  {'' if is_good else 'TOO MUCH  '}{told:24}")
    sys.exit(0 if is_good else 1)


def _memory(name: str) -> float:
    """Megabytes that the kernel counts for this process."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name)) / 1024


def _measure_ordinary() -> None:
    """Print the median of many readings of ordinary letters."""
    from mailbox.parsing import parse

    good = True
    for name, make in ORDINARY.items():
        raw = make()
        limit = FILE_MS if "file" in name else HTML_MS if "html" in name else TEXT_MS
        parse(raw)
        median = statistics.median(_milliseconds(partial(parse, raw)) for _ in range(RUNS))
        good &= median <= limit
        print(f"{median:6.2f} ms  {'' if median <= limit else 'TOO SLOW  '}{len(raw):6} bytes, {name}")
    sys.exit(0 if good else 1)


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


if __name__ == "__main__":
    main()
