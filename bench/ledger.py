"""The list of letters with many receipts behind it: time of each page, its queries, and its plans with --plans.

    python bench/ledger.py --rows 1000000

Fills a database of its own with a year of letters in all fates, then asks each page 20 times through Django's test
client. The goal is 300 ms a page.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

GOAL_MS = 300
# Of a hundred receipts: 8 copies, 30 opened, 45 joined, 17 kept; the last 20 wait, one in a thousand is quarantined.
# "питания" stands in a third of the letters, "генератор" in one of 500, "шлагбаум" in 20 of them all.
FILL = """
INSERT INTO mailbox_email (sha256, content_key, size, direction, kind, subject, from_name, from_email, "to", cc,
    reply_to, received_at, message_id, in_reply_to, "references", text, reply_text, safe_html, has_remote_images,
    problems, security, auto_reasons, created_at)
SELECT lpad(to_hex(n), 64, '0'), lpad(to_hex(n), 64, '0'), 900 + n % 90000,
    CASE WHEN n % 5 = 0 THEN 'out' ELSE 'in' END,
    CASE WHEN n % 997 = 0 THEN 'bounce' WHEN n % 89 = 0 THEN 'autoreply' ELSE 'human' END,
    'Отсутствует ВЭС KI' || lpad((n % 60000)::text, 6, '0') || '/' || 10000 + n % 50000 || '-P-' || n % 90 || '-1-1',
    'Инженер ' || n % 400, 'noc' || n % 400 || '@operator' || n % 30 || '.example', '[]', '[]', '[]',
    now() - ({rows} - n) * interval '365 days' / {rows}, '<' || n || '@operator.example>', '{}', '{}', body, body, '',
    false, '[]', '', '[]', now()
FROM generate_series(1, {rows}) n, LATERAL (SELECT 'Добрый день! На площадке по адресу Слободской район, деревня '
    || 'Стулово, дом ' || n % 200 || ', пропало ' || CASE WHEN n % 3 = 0 THEN 'внешнее электроснабжение, нет питания'
    ELSE 'напряжение на вводе' END || '. Просим направить бригаду и сообщить срок прибытия. Заявка '
    || md5(n::text) || CASE WHEN n % 500 = 41 THEN ' Запустили генератор.' ELSE '' END
    || CASE WHEN n % ({rows} / 20) = 57 THEN ' Не открывается шлагбаум.' ELSE '' END
    || ' С уважением, дежурный инженер центра управления сетью, телефон для связи 8 800 ' || n % 10000 AS body) letter
WHERE n % 100 >= 8 AND n % 1000 <> 500 AND n <= {rows} - 20;
INSERT INTO mailbox_threadid (email_id, message_id) SELECT id, message_id FROM mailbox_email;
INSERT INTO mailbox_receipt (folder_id, uidvalidity, uid, direction, sha256, size, received_at, stored_at, state, rule,
    reason, is_old, email_id, attempts, next_try_at)
SELECT (SELECT min(id) FROM mailbox_folder) + (CASE WHEN n % 5 = 0 THEN 1 ELSE 0 END)
    + (CASE WHEN n % 50 < 2 THEN 2 ELSE 0 END), 1, n, CASE WHEN n % 5 = 0 THEN 'out' ELSE 'in' END,
    lpad(to_hex(n), 64, '0'), 900 + n % 90000, now() - ({rows} - n) * interval '365 days' / {rows}, now(),
    CASE WHEN n > {rows} - 20 THEN 'new' WHEN n % 1000 = 500 THEN 'quarantined' WHEN n % 100 < 8 THEN 'copy'
    WHEN n % 100 < 38 THEN 'opened' WHEN n % 100 < 83 THEN 'joined' ELSE 'kept' END,
    CASE WHEN n % 100 >= 83 THEN 'automatic' ELSE '' END, CASE WHEN n % 1000 = 500 THEN 'ValueError: x' ELSE '' END,
    n <= {rows} / 20, e.id, 0, NULL
FROM generate_series(1, {rows}) n
LEFT JOIN mailbox_email e ON n % 1000 <> 500
    AND e.sha256 = lpad(to_hex(CASE WHEN n % 100 < 8 THEN n + 20 ELSE n END), 64, '0');
INSERT INTO incidents_incident (code, subject, registration, requester_email, requester_name, status_id, reading,
    error_reason, opened_at, closed_at, active_at, has_news, letter_count, letters_since_closing, version)
SELECT 'NT-' || r.email_id, 'Отсутствует ВЭС', 'mail', 'noc@operator.example', 'NOC',
    (SELECT id FROM incidents_status WHERE key = 'closed'), '{}', '', r.received_at, r.received_at, r.received_at,
    false, 1, 0, 1
FROM mailbox_receipt r WHERE r.state = 'opened';
INSERT INTO incidents_incidentemail (incident_id, email_id, way, is_newcomer, thread)
SELECT i.id, substr(i.code, 4)::bigint, 'opened', false, i.id FROM incidents_incident i;
INSERT INTO incidents_incidentemail (incident_id, email_id, way, is_newcomer, thread)
SELECT (SELECT min(id) FROM incidents_incident) + r.email_id % (SELECT count(*) FROM incidents_incident), r.email_id,
    'thread', false, r.email_id
FROM mailbox_receipt r WHERE r.state = 'joined';
"""
TODAY = date.today()
PAGES = {
    "first page": "/letters/",
    "100th page": None,
    "letters joined": "/letters/?fate=joined",
    "letters kept": "/letters/?fate=kept",
    "quarantine": "/letters/?fate=quarantined",
    "not taken yet": "/letters/?fate=new",
    "a large folder": "/letters/?folder={folder}",
    "a small folder": "/letters/?folder={small}",
    "a mailbox": "/letters/?mailbox={mailbox}",
    "fed by hand (none)": "/letters/?folder=none",
    "sent letters": "/letters/?direction=out",
    "bounces": "/letters/?kind=bounce",
    "automatic replies, kept": "/letters/?kind=autoreply&fate=kept",
    "history": "/letters/?history=only",
    "history, opened": "/letters/?history=only&fate=opened",
    "a sender": "/letters/?sender=noc17%40operator17.example",
    "a domain": "/letters/?sender=%40operator17.example",
    "a name": "/letters/?sender=инженер",
    "a day": f"/letters/?from={TODAY - timedelta(40)}&to={TODAY - timedelta(40)}",
    "a month, one fate": f"/letters/?from={TODAY - timedelta(90)}&to={TODAY - timedelta(60)}&fate=opened",
    "a rare word": "/letters/?q=шлагбаум",
    "a word in one of 500": "/letters/?q=генератор",
    "a word in a third": "/letters/?q=питания",
    "a word in all": "/letters/?q=площадке",
    "a word in all, kept": "/letters/?q=площадке&fate=kept",
    "a third, one folder": "/letters/?q=питания&folder={small}",
    "two frequent words": "/letters/?q=питания+бригаду",
    "a word and a bounce": "/letters/?q=питания&kind=bounce",
    "a pole": "/letters/?q=14242-P-12-1-1",
    "a Message-ID": "/letters/?q=%3C4242%40operator.example%3E",
    "an incident": "/letters/?q=NT-4242",
    "nothing": "/letters/?q=абракадабра",
    "balance": "/letters/balance/",
    "mark": "/letters/mark/",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--plans", action="store_true", help="print the plans of every page's slowest query")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dispatch-bench-") as folder:
        os.environ["VAR_DIR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        from config.embedded import postgres

        with postgres.shared(Path(folder).resolve()):
            import django

            django.setup()
            try:
                fill(options.rows)
                slow = sum(ask(*page, options.repeat, plans=options.plans) for page in pages(client()))
            finally:
                from django.db import connections

                connections.close_all()
    print(f"{slow} of {len(PAGES)} pages above {GOAL_MS} ms", flush=True)
    sys.exit(bool(slow))


def fill(rows: int) -> None:
    """Letters of a year; the index of words is built at once at the end, which is faster."""
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    make_folders()
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'email_words'")
        words = cursor.fetchone()[0]
        cursor.execute("DROP INDEX email_words")
        cursor.execute(FILL.replace("{rows}", str(rows)))
        cursor.execute(words)
        cursor.execute("VACUUM ANALYZE")
    print(f"{rows} receipts filled in {time.monotonic() - began:.0f} s", flush=True)


def make_folders() -> None:
    """Two mailboxes with two folders each; the second gets one letter in 25."""
    from mailbox.models import Folder, Mailbox

    for number in (1, 2):
        mailbox = Mailbox.objects.create(address=f"desk{number}@towers.example", host="mail.example", login="desk")
        for name, role in (("INBOX", Folder.Role.INBOX), ("Sent", Folder.Role.SENT)):
            Folder.objects.create(mailbox=mailbox, name=name, role=role, uidvalidity=1)


def client() -> Any:
    from django.test import Client

    from dispatchers.models import User

    found = Client(headers={"host": "localhost"})
    found.force_login(User.objects.create(username="bench", role="dispatcher", on_shift=True))
    return found


def pages(client: Any) -> list[tuple[Any, str, str]]:
    from mailbox.models import Folder

    folders = list(Folder.objects.order_by("id"))
    known = {"{folder}": folders[0].pk, "{small}": folders[2].pk, "{mailbox}": folders[0].mailbox_id}
    asked = []
    for name, address in PAGES.items():
        address = address or deep_page(client)
        for mark, pk in known.items():
            address = address.replace(mark, str(pk))
        asked.append((client, name, address))
    return asked


def deep_page(client: Any) -> str:
    """Where a hundred clicks on "Further" lead."""
    address = "/letters/"
    for _ in range(100):
        found = re.search(r'rel="next" href="([^"]*after=[^"]*)"', client.get(address).text)
        if not found:
            break
        address = "/letters/" + found[1].replace("&amp;", "&")
    return address


def ask(client: Any, name: str, address: str, repeat: int, *, plans: bool) -> bool:
    """Print one page's percentiles; True if it is slower than the goal."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
        asked = list(queries.captured_queries)
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        client.get(address).getvalue()
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    p95 = times[int(0.95 * len(times)) - 1]
    rows = answer.text.count("data-receipt=")
    print(
        f"{name:<26} {answer.status_code} {rows:3d} rows {len(asked):3d} queries  "
        f"p50 {statistics.median(times):6.1f}  p95 {p95:6.1f} ms" + ("  SLOW" if p95 > GOAL_MS else ""),
        flush=True,
    )
    if plans:
        print(plan_of(max(asked, key=lambda query: float(query["time"]))["sql"]), flush=True)
    return p95 > GOAL_MS


def plan_of(sql: str) -> str:
    from django.db import connection

    if not sql.lstrip("( ").upper().startswith("SELECT"):
        return ""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, COSTS OFF, BUFFERS OFF) " + sql.replace("%", "%%"))
        return "\n".join(f"    {row[0][:180]}" for row in cursor.fetchall())


if __name__ == "__main__":
    main()
