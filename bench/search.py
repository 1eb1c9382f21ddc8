"""The search with a million letters behind it: time of each kind of question, its queries, its plans with --plans.

    python bench/search.py --letters 1000000

Fills a database of its own with letters as the intake leaves them (1.5 kB of ordinary words each, a third with the
answered text below) and with notes of dispatchers, then asks the desk's own page through Django's test client. The goal
is 300 ms a page. With --keep FOLDER the filled database is left there and used again.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

GOAL_MS = 300
POLES = 50_000
# Long enough that reading words anew costs what it costs in life; `n` is the letter, `i` its incident.
TEXT = """
'Добрый день! В рамках договора № ' || n % 9973 || '/19 просим принять заявку в работу.' || chr(10) ||
'Номер БС: KI' || lpad((i % 9999)::text, 4, '0') || chr(10) || 'Адрес: ' ||
(array['Стулово', 'Боровое', 'Заречье', 'Ключи', 'Сосновка', 'Майский'])[1 + i % 6] || ', ул. Мира, д. ' || n % 97 ||
chr(10) || 'Отсутствует ВЭС, ' ||
(array['бригада выехала', 'батареи на исходе', 'ждём сетевую компанию', 'доступ согласован', 'генератор запущен'])
[1 + n % 5] || CASE WHEN n % 500 = 41 THEN ', заменён автомат' ELSE '' END ||
CASE WHEN n % ({letters} / 20) = 57 THEN ', не открывается шлагбаум' ELSE '' END ||
', тел. +7 (912) 555-' || lpad((n % 10000)::text, 4, '0') || '.' || chr(10) ||
repeat('Просим обеспечить доступ на объект, согласовать время прибытия, сообщить о ходе работ по восстановлению '
|| 'электроснабжения до окончания смены. ', 8) || chr(10) || 'С уважением, дежурный инженер центра управления сетью'
|| CASE WHEN n % 3 = 0 THEN chr(10) || repeat('> Направляем повторно заявку, срок истекает, просим ускорить '
|| 'выезд аварийной бригады и подтвердить получение этого письма. ', 8) ELSE '' END
"""
NOTES = """
INSERT INTO incidents_comment (incident_id, author_id, text, at)
SELECT id, (SELECT min(id) FROM dispatchers_user), 'Звонил мастеру участка, ' ||
    (array['обещал быть к вечеру', 'ждут пропуск', 'едут с другой площадки', 'нет топлива'])[1 + id % 4] ||
    CASE WHEN id % 1000 = 7 THEN ', ключи у сторожа' ELSE '' END, opened_at + interval '1 hour'
FROM incidents_incident
"""
# What is typed, and what else the address says.
PAGES = {
    "a rare word (20 letters)": ("шлагбаум", ""),
    "a word in one of 500": ("автомат", ""),
    "a word in one of 100": ("д. 42", ""),
    "a word in a fifth": ("генератор", ""),
    "a word in all": ("отсутствует", ""),
    "the beginning of a word": ("отсутст", ""),
    "two frequent words": ("генератор Стулово", ""),
    "a frequent and a rare word": ("отсутствует шлагбаум", ""),
    "a phrase": ('"бригада выехала"', ""),
    "a phrase nobody wrote": ('"выехала бригада"', ""),
    "a rare phrase": ('"открывается шлагбаум"', ""),
    "words that never meet": ("генератор батареи", ""),
    "no hit": ("абракадабра", ""),
    "words of a note": ("сторожа", ""),
    "a file": ("scan 4005", ""),
    "an address": ("noc18@t2.example", ""),
    "a domain": ("@megafon.example", ""),
    "a phone": ("8 912 555-42-17", ""),
    "a code": ("NT-1004242", ""),
    "bare digits": ("1004242", ""),
    "a pole": ("{pole}", ""),
    "a pole's beginning": ("{beginning}", ""),
    "a station": ("KI0075", ""),
    "in all, open ones": ("отсутствует", "queue=open"),
    "in all, closed, a contractor": ("отсутствует", "queue=closed&contractor={contractor}"),
    "in all, one pole": ("отсутствует", "pole={pole}"),
    "in all, a month": ("отсутствует", "from={first}&to={last}"),
    "in a fifth, a region": ("генератор", "region=Область+7"),
    "in a fifth, mine": ("генератор", "queue=mine"),
    "rare, open ones": ("шлагбаум", "queue=open"),
    "phrase, one contractor": ('"бригада выехала"', "contractor={contractor}"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--letters", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--only", default="", help="pages whose name holds this")
    parser.add_argument("--plans", action="store_true", help="print the plan of every page's slowest query")
    parser.add_argument("--keep", type=Path, help="a folder for the filled database, which the next run uses again")
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        slow = run(options.keep.resolve(), options)
    else:
        with tempfile.TemporaryDirectory(prefix="dispatch-bench-") as folder:
            slow = run(Path(folder).resolve(), options)
    print(f"{slow} of {len(PAGES)} pages above {GOAL_MS} ms", flush=True)
    sys.exit(bool(slow))


def run(folder: Path, options: argparse.Namespace) -> int:
    """How many pages are slower than the goal."""
    os.environ["VAR_DIR"] = str(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config.embedded import postgres

    with postgres.shared(folder):
        import django

        django.setup()
        try:
            fill(options.letters)
            asked = {name: page for name, page in pages().items() if options.only in name}
            desk = client()
            return sum(ask(desk, name, page, options.repeat, plans=options.plans) for name, page in asked.items())
        finally:
            from django.db import connections

            connections.close_all()


def fill(letters: int) -> None:
    """Letters, incidents, notes; nothing where they stand already."""
    from django.core.management import call_command
    from django.db import connection

    from bench import million, world
    from mailbox.models import Email

    call_command("migrate", verbosity=0)
    if Email.objects.exists():
        return
    world.build(POLES)
    million.TEXT = TEXT.replace("{letters}", str(letters))
    million.fill(letters)
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(NOTES)
        cursor.execute("VACUUM ANALYZE")
    print(f"notes stand after {time.monotonic() - began:.0f} s", flush=True)


def client() -> Any:
    from django.test import Client

    from dispatchers.models import User

    found = Client(headers={"host": "localhost"})
    found.force_login(User.objects.filter(on_shift=True).earliest("pk"))
    return found


def pages() -> dict[str, str]:
    """The addresses by name."""
    from datetime import timedelta

    from django.utils import timezone

    from towers.models import Contractor, Pole

    pole, today = Pole.objects.order_by("pk")[4242], timezone.localdate()
    known = {
        "{pole}": pole.code,
        "{beginning}": pole.code[:3],
        "{contractor}": str(Contractor.objects.order_by("pk")[7].pk),
        "{first}": (today - timedelta(100)).isoformat(),
        "{last}": (today - timedelta(70)).isoformat(),
    }
    made = {}
    for name, (text, more) in PAGES.items():
        for mark, value in known.items():
            text, more = text.replace(mark, value), more.replace(mark, value)
        made[name] = f"/?q={quote_plus(text)}" + (f"&{more}" if more else "")
    return made


def ask(desk: Any, name: str, address: str, repeat: int, *, plans: bool) -> bool:
    """Print one page's percentiles; True if it is slower than the goal."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        answer = desk.get(address)
        asked = list(queries.captured_queries)
    times, worked = [], cpu()
    for _ in range(repeat):
        began = time.perf_counter()
        desk.get(address).getvalue()
        times.append((time.perf_counter() - began) * 1000)
    worked = (cpu() - worked) * 1000 / repeat
    times.sort()
    p95 = times[max(0, int(0.95 * len(times)) - 1)]
    found, looked = answer.text.count("data-code="), " looked back" if "sr-looked" in answer.text else ""
    slow = "  SLOW" if p95 > GOAL_MS else ""
    print(
        f"{name:<30} {answer.status_code} {found:3d} found {len(asked):3d} queries  "
        f"p50 {statistics.median(times):6.1f}  p95 {p95:6.1f} ms, CPU {worked:5.0f} ms{looked}{slow}",
        flush=True,
    )
    if plans:
        slowest = max(asked, key=lambda query: float(query["time"]))
        print(f"    {slowest['time']} s\n{plan_of(slowest['sql'])}", flush=True)
    return p95 > GOAL_MS


def cpu() -> float:
    """Seconds that this process and its connection's server process have worked: true on a busy machine too."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        fields = Path(f"/proc/{cursor.fetchone()[0]}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def plan_of(sql: str) -> str:
    """As the search has it planned."""
    from django.db import connection

    from incidents.search.sources import told_the_truth

    if not sql.lstrip("( ").upper().startswith("SELECT"):
        return ""
    with told_the_truth(), connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, COSTS OFF, BUFFERS OFF) " + sql.replace("%", "%%"))
        return "\n".join(f"    {row[0][:170]}" for row in cursor.fetchall())


if __name__ == "__main__":
    main()
