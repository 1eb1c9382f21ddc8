"""The desk with many incidents behind it: time of each page, queries of each page, and plans that scan a table.

    python bench/desk.py --incidents 1000000

Fills a database of its own (584 open ones as in production, the rest closed), then asks each page 30 times through
Django's test client. A page whose plan reads a whole large table is named.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

OPEN = 584
# What is filled here; an empty table is rightly read from end to end.
LARGE = ("incidents_incident", "incidents_incidentevent", "towers_pole")
FILL = """
INSERT INTO towers_contractor (name) SELECT 'ООО «Подрядчик ' || n || '»' FROM generate_series(1, 60) n;
INSERT INTO towers_operator (name, "group", domains)
VALUES ('Т2', 'tele2', '{t2.example}'), ('МегаФон', 'megafon', '{}');
INSERT INTO towers_pole (code, code_key, name, state, region, region_ru, address, company, anchor_operator,
    contractor_id, contractor_emails, contractor_phones, contractor_excluded, updated_at, latitude, longitude)
SELECT 10000 + n || '-P-' || n % 90 || '-1-1', 10000 + n || '-P-' || n % 90 || '-1-1', '', '', n % 90,
    'Область ' || n % 90, 'д. Стулово', '', '', 1 + n % 60, '{a@b.example}', '{}', false, now(), 50, 50
FROM generate_series(1, 50000) n;
INSERT INTO incidents_incident (code, subject, registration, requester_email, requester_name, status_id, type_id,
    assignee_id, pole_id, contractor_id, operator_id, reading, error_reason, opened_at, due_at, closed_at, active_at,
    has_news, letter_count, letters_since_closing, version)
SELECT 'NT-' || n, 'Отсутствует ВЭС ' || n || ' опора ' || 10000 + n % 50000, 'mail', 'noc@t2.example', 'NOC',
    (SELECT id FROM incidents_status WHERE key = CASE WHEN n > {total} - {open} THEN 'inProgress' ELSE 'closed' END),
    (SELECT id FROM incidents_incidenttype WHERE key = 'power-rf'),
    (SELECT min(id) FROM dispatchers_user) + n % 6, 1 + n % 50000, 1 + n % 60, 1 + n % 2, '{{}}', '',
    now() - ({total} - n) * interval '45 seconds', now() - ({total} - n) * interval '45 seconds' + interval '1 day',
    CASE WHEN n <= {total} - {open} THEN now() - ({total} - n) * interval '45 seconds' + interval '8 hours' END,
    now() - ({total} - n) * interval '45 seconds', false, 1, 0, 1
FROM generate_series(1, {total}) n;
INSERT INTO incidents_incidentevent (incident_id, kind, at, data)
SELECT i.id, k, i.opened_at, '{{}}' FROM incidents_incident i, unnest(array['opened', 'assigned', 'status_changed']) k;
ANALYZE;
"""
PAGES = {
    "desk": "/",
    "desk, second page": None,
    "mine": "/?queue=mine",
    "overdue by deadline": "/?queue=overdue&sort=due",
    "closed": "/?queue=closed",
    "closed, by opening": "/?queue=closed&sort=-opened",
    "closed, words": "/?queue=closed&q=опора+12345",
    "closed, one word": "/?queue=closed&q=отсутствует",
    "a pole": "/?queue=closed&q=12345-P",
    "a code": "/?q=NT-500000",
    "card": "/incidents/NT-4242/",
    "registry": "/towers/",
    "complete": "/towers/complete/?q=123&kind=pole",
    "api, a page": "/api/v1/incidents/?limit=100",
    "api, last month, first rows": "/api/v1/incidents/?last_month=true&limit=1000",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--incidents", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dispatch-bench-") as folder:
        os.environ["VAR_DIR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        from config.embedded import postgres

        with postgres.shared(Path(folder).resolve()):
            import django

            django.setup()
            try:
                slow = measure(options.incidents, options.repeat)
            finally:
                from django.db import connections

                connections.close_all()
    sys.exit(slow)


def measure(total: int, repeat: int) -> int:
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    call_command("migrate", verbosity=0)
    people = make_people()
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(FILL.replace("{open}", str(OPEN)).replace("{total}", str(total)).replace("{{}}", "{}"))
    print(f"{total} incidents filled in {time.monotonic() - began:.0f} s", flush=True)
    client = Client(headers={"host": "localhost"})
    client.force_login(people[0])
    return sum(ask(client, name, address or second_page(client), repeat) for name, address in PAGES.items())


def make_people() -> list[Any]:
    from dispatchers.models import User

    return [User.objects.create(username=f"user{n}", role="dispatcher", on_shift=True) for n in range(6)]


def second_page(client: Any) -> str:
    """The address behind the desk's own link to the rows that follow."""
    found = re.search(r'href="(\?[^"]*after=[^"]*)"', client.get("/").content.decode())
    return "/" + found[1].replace("&amp;", "&") if found else "/"


def ask(client: Any, name: str, address: str, repeat: int) -> bool:
    """Print one page's percentiles; True if its plan reads a whole large table."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
        body = answer.getvalue()
        # Taken now: the next request empties the log.
        asked = [query["sql"] for query in queries.captured_queries]
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        client.get(address).getvalue()
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    scans = sorted({table for sql in asked for table in scanned(sql)})
    print(
        f"{name:<28} {answer.status_code} {len(body) / 1024:6.0f} kB {len(asked):3d} queries  "
        f"p50 {statistics.median(times):6.1f}  p95 {times[int(0.95 * len(times)) - 1]:6.1f} ms"
        + (f"  SCANS {', '.join(scans)}" if scans else ""),
        flush=True,
    )
    return bool(scans)


def scanned(sql: str) -> list[str]:
    """Large tables that the plan of this query reads from end to end."""
    from django.db import Error, connection, transaction

    if not sql.lstrip().upper().startswith("SELECT"):
        return []
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + sql)
            plan = "\n".join(row[0] for row in cursor.fetchall())
    except Error:
        return []
    return [table for table in LARGE if re.search(rf"Seq Scan on {table}\b", plan)]


if __name__ == "__main__":
    main()
