"""The Russian catalogue: `update` gathers texts (needs gettext), `compile` writes the .mo, `check` names what lacks.

python tools/translations.py update [MORE.po …]    texts of the extra files fill what has no translation yet
python tools/translations.py compile
python tools/translations.py check
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = ROOT / "locale" / "ru" / "LC_MESSAGES" / "django.po"
GATHER = ("makemessages", "--locale", "ru", "--no-wrap", "--add-location", "file", "--no-obsolete")
HEADER = {
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Language": "ru",
    "Plural-Forms": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : "
    "n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
}
IGNORED = (".venv", "var", "build", "tests", "bench", "docs", "tools")


def update(extra: list[str]) -> None:
    """Gather msgids from code and templates, fill the gaps from the extra files, compile."""
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    gather(ROOT)
    catalogue = polib.pofile(str(CATALOGUE))
    # No dates and no names: the file changes only when a text does.
    catalogue.header, catalogue.metadata_is_fuzzy, catalogue.metadata = "", False, HEADER
    for path in extra:
        for known in polib.pofile(path):
            entry = catalogue.find(known.msgid, msgctxt=known.msgctxt or False)
            if entry and not is_done(entry) and bool(entry.msgid_plural) == bool(known.msgid_plural):
                entry.msgstr, entry.msgstr_plural = known.msgstr, known.msgstr_plural
                entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]
    catalogue.save()
    compile_catalogue()
    check()


def gather(root: Path) -> None:
    ignored = [part for name in IGNORED for part in ("--ignore", name)]
    subprocess.run([sys.executable, str(ROOT / "manage.py"), *GATHER, *ignored], cwd=root, check=True)


def compile_catalogue() -> None:
    polib.pofile(str(CATALOGUE)).save_as_mofile(str(CATALOGUE.with_suffix(".mo")))


def check() -> None:
    """Exit with what is untranslated, fuzzy, stale, or not gathered yet (the last only where gettext is installed)."""
    wrong = untranslated() + stale() + not_gathered()
    if wrong:
        sys.exit("\n".join(wrong))


def untranslated() -> list[str]:
    return [f"no Russian: {entry.msgid!r}" for entry in polib.pofile(str(CATALOGUE)) if not is_done(entry)]


def stale() -> list[str]:
    """The .mo is what programs read: it must say what the .po says."""
    said = {(e.msgctxt, e.msgid): (e.msgstr, e.msgstr_plural) for e in polib.mofile(str(CATALOGUE.with_suffix(".mo")))}
    done = [e for e in polib.pofile(str(CATALOGUE)) if is_done(e)]
    wanted = {(e.msgctxt, e.msgid): (e.msgstr, e.msgstr_plural) for e in done}
    return [] if said == wanted else ["django.mo is older than django.po: python tools/translations.py compile"]


def not_gathered() -> list[str]:
    if not shutil.which("xgettext"):
        return []
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "django.po"
        shutil.copy(CATALOGUE, kept)
        try:
            gather(ROOT)
            fresh = {(e.msgctxt, e.msgid) for e in polib.pofile(str(CATALOGUE))}
        finally:
            shutil.copy(kept, CATALOGUE)
    listed = {(e.msgctxt, e.msgid) for e in polib.pofile(str(CATALOGUE))}
    return [f"not in the catalogue: {msgid!r}" for _, msgid in sorted(fresh - listed, key=str)] + [
        f"in the catalogue, nowhere in the code: {msgid!r}" for _, msgid in sorted(listed - fresh, key=str)
    ]


def is_done(entry: polib.POEntry) -> bool:
    plurals = entry.msgstr_plural
    filled = all(plurals.values()) if plurals else bool(entry.msgstr)
    return filled and "fuzzy" not in entry.flags


if __name__ == "__main__":
    {"update": lambda: update(sys.argv[2:]), "compile": compile_catalogue, "check": check}[sys.argv[1]]()
