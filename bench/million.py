"""A year of letters that stand already: rows as the intake would have left them, made by SQL in a minute or two.

    million.fill(1_000_000)

Needs the registry and the dispatchers of bench.world. Of the incidents all are closed but the last OPEN; those stand on
the last poles of the registry, where a measurement that takes sites from its beginning does not meet them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.db.models import Field, Model

# As in production: incidents open at once.
OPEN = 584
# Of a hundred letters so many open an incident; the others answer them.
OPENINGS = 43
TABLES = (
    "mailbox_email",
    "mailbox_threadid",
    "mailbox_attachment",
    "mailbox_receipt",
    "incidents_incident",
    "incidents_incidentemail",
    "incidents_incidentevent",
)
# Letter n belongs to incident `i`; the first letter of an incident opens it.
SERIES = """
(SELECT n, i, i <> lag(i, 1, 0) OVER (ORDER BY n) AS is_first, now() - ({letters} - n) * interval '30 seconds'
        - interval '2 days' AS moment, n % 4 = 1 AS is_out, (array['t2', 'megafon', 'beeline'])[1 + i % 3] AS domain
 FROM (SELECT n, 1 + (n - 1) * {openings} / 100 AS i FROM generate_series(1::bigint, {letters}) n) numbered) letter
"""
TEXT = """
'Добрый день! В рамках договора № ' || n % 9973 || '/19 просим принять заявку в работу.' || chr(10) ||
'Номер БС: KI' || lpad((i % 9999)::text, 4, '0') || chr(10) || 'Адрес: ' ||
(array['Стулово', 'Боровое', 'Заречье', 'Ключи', 'Сосновка', 'Майский'])[1 + i % 6] || ', ул. Мира, д. ' || n % 97 ||
chr(10) || 'Отсутствует ВЭС, ' ||
(array['бригада выехала', 'батареи на исходе', 'ждём сетевую компанию', 'доступ согласован', 'генератор запущен'])
[1 + n % 5] || ', тел. +7 (912) 555-' || n % 10000 || '.' || chr(10) || 'С уважением, дежурный инженер'
"""


def fill(letters: int, *, quiet: bool = False) -> None:
    """Add so many letters with their incidents, receipts and events, then bring the statistics up to date."""
    began = time.monotonic()
    with _bare_tables():
        _fill(letters)
    _run("VACUUM (ANALYZE)")
    if not quiet:
        print(f"{letters:,} letters stand after {time.monotonic() - began:.0f} s", flush=True)


def close_all_but(newest: int) -> None:
    """Close the incidents that a load has opened beside those that stand open in production."""
    _run(f"""
        UPDATE incidents_incident
        SET closed_at = now(), status_id = (SELECT id FROM incidents_status WHERE key = 'closed')
        WHERE closed_at IS NULL AND id NOT IN
            (SELECT id FROM incidents_incident WHERE closed_at IS NULL ORDER BY id DESC LIMIT {newest})""")
    _run("VACUUM (ANALYZE) incidents_incident")


def _fill(letters: int) -> None:
    from incidents.models import Incident, IncidentEmail, IncidentEvent
    from mailbox.models import Attachment, Email, Folder, Mailbox, Receipt, ThreadId

    mailbox = Mailbox.objects.create(address="old@towers.example", host="old.example", login="old")
    folder = Folder.objects.create(mailbox=mailbox, name="INBOX", role=Folder.Role.INBOX, uidvalidity=1)
    series = SERIES.format(letters=letters, openings=OPENINGS)
    email, incident = _after(Email), _after(Incident)
    _insert(Email, _email(email), series)
    _insert(ThreadId, {"email": f"{email} + n", "message_id": "'<old.' || n || '@' || domain || '.example>'"}, series)
    answered = f"{series} WHERE NOT is_first"
    _insert(ThreadId, {"email": f"{email} + n", "message_id": f"{_previous_id()}"}, answered)
    _insert(
        Attachment,
        {"email": f"{email} + n", "name": "'scan ' || n || '.pdf'", "content_type": "'application/pdf'",
         "size": "200000", "sha256": "encode(sha256(('file ' || n)::bytea), 'hex')"},
        f"{series} WHERE n % 5 = 0",
    )  # fmt: skip
    _insert(Receipt, _receipt(folder.pk, email), series)
    _insert(Incident, _incident(incident, letters), f"{series} WHERE is_first")
    _insert(
        IncidentEmail,
        {"incident": f"{incident} + i", "email": f"{email} + n", "thread": f"{email} + n",
         "way": "CASE WHEN is_first THEN 'opened' ELSE 'thread' END"},
        series,
    )  # fmt: skip
    event = {"incident": f"{incident} + i", "at": "moment", "kind": "kind"}
    kinds = "unnest(array['opened', 'site_linked', 'assigned', 'closed']) kind"
    _insert(IncidentEvent, event, f"{series}, {kinds} WHERE is_first")
    _insert(IncidentEvent, event | {"kind": "'letter'"}, answered)
    for model in (Email, Incident):
        _run(
            f"SELECT setval(pg_get_serial_sequence('{model._meta.db_table}', 'id'), (SELECT max(id) FROM "
            f"{model._meta.db_table}))"
        )


def _email(after: int) -> dict[str, str]:
    return {
        "id": f"{after} + n",
        "sha256": "encode(sha256(('letter ' || n)::bytea), 'hex')",
        "content_key": "encode(sha256(('key ' || n)::bytea), 'hex')",
        "size": "4000",
        "direction": "CASE WHEN is_out AND NOT is_first THEN 'out' ELSE 'in' END",
        "kind": "'human'",
        "subject": "'Отсутствует ВЭС KI' || lpad((i % 9999)::text, 4, '0') || ' опора ' || 10000 + i % 89999",
        "from_name": "'Дежурный NOC'",
        "from_email": "'noc' || i % 99 || '@' || domain || '.example'",
        "to": """'[{"name": "", "email": "desk@towers.example"}]'""",
        "received_at": "moment",
        "date": "moment",
        "message_id": "'<old.' || n || '@' || domain || '.example>'",
        "in_reply_to": f"CASE WHEN is_first THEN '{{}}'::text[] ELSE array[{_previous_id()}] END",
        "references": f"CASE WHEN is_first THEN '{{}}'::text[] ELSE array[{_previous_id()}] END",
        "text": TEXT,
        "reply_text": TEXT,
        "created_at": "moment",
    }


def _previous_id() -> str:
    return "'<old.' || n - 1 || '@' || domain || '.example>'"


def _receipt(folder: int, email: int) -> dict[str, str]:
    return {
        "folder": str(folder),
        "uidvalidity": "1",
        "uid": "n",
        "direction": "CASE WHEN is_out AND NOT is_first THEN 'out' ELSE 'in' END",
        "sha256": "encode(sha256(('letter ' || n)::bytea), 'hex')",
        "size": "4000",
        "received_at": "moment",
        "state": "CASE WHEN is_first THEN 'opened' ELSE 'joined' END",
        "email": f"{email} + n",
    }


def _incident(after: int, letters: int) -> dict[str, str]:
    from towers.models import Pole

    poles = list(Pole.objects.order_by("pk").values_list("pk", flat=True))
    first, count = poles[0], len(poles)
    incidents = letters * OPENINGS // 100
    is_open = f"i > {incidents} - {OPEN}"
    status = f"CASE WHEN {is_open} THEN 'inProgress' ELSE 'closed' END"
    return {
        "id": f"{after} + i",
        "code": "'NT-' || 1000000 + i",
        "subject": "'Отсутствует ВЭС KI' || lpad((i % 9999)::text, 4, '0') || ' опора ' || 10000 + i % 89999",
        "registration": "'mail'",
        "requester_email": "'noc' || i % 99 || '@' || domain || '.example'",
        "requester_name": "'Дежурный NOC'",
        "status": f"(SELECT id FROM incidents_status WHERE key = {status})",
        "type": "(SELECT id FROM incidents_incidenttype WHERE key = 'power-rf')",
        "assignee": "(array(SELECT id FROM dispatchers_user WHERE on_shift ORDER BY id))[1 + i % 12]",
        "pole": f"CASE WHEN {is_open} THEN {first} + {count} - 1 - ({incidents} - i) ELSE {first} + i % {count} END",
        "contractor": "(SELECT min(id) FROM towers_contractor) + i % 60",
        "opened_at": "moment",
        "due_at": "moment + interval '1 day'",
        "closed_at": f"CASE WHEN {is_open} THEN NULL ELSE moment + interval '8 hours' END",
        "active_at": "moment + interval '8 hours'",
        "letter_count": "2",
        "version": "5",
    }


def _insert(model: type[Model], facts: dict[str, str], source: str) -> None:
    """Rows of the model: each field by its expression over the source, else by its default."""
    fields = [field for field in model._meta.concrete_fields if field.name in facts or not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(facts.get(field.name) or _default(field) for field in fields)
    _run(f'INSERT INTO "{model._meta.db_table}" ({columns}) SELECT {values} FROM {source}')


def _default(field: Field[Any, Any]) -> str:
    """The field's default as SQL."""
    if getattr(field, "auto_now_add", False) or getattr(field, "auto_now", False):
        return "now()"
    value = field.get_default()
    if value is None:
        return "NULL"
    if value == [] and field.get_internal_type() == "ArrayField":
        return "'{}'"
    if isinstance(value, list | dict):
        return f"'{json.dumps(value)}'"
    return f"'{value}'"


def _after(model: type[Model]) -> int:
    """The largest id that is taken."""
    return model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0


@contextmanager
def _bare_tables() -> Iterator[None]:
    """Without indexes and checks of foreign keys, which are made again at the end all at once."""
    named = ", ".join(f"'{table}'" for table in TABLES)
    unique = _run(
        f"SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        f"WHERE contype = 'u' AND conrelid::regclass::text IN ({named})"
    )
    for table, name, _ in unique:
        _run(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    indexes = _run(
        f"SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ({named}) "
        f"AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    for name, _ in indexes:
        _run(f'DROP INDEX "{name}"')
    _run("SET session_replication_role = replica", "SET synchronous_commit = off", "SET maintenance_work_mem = '512MB'")
    yield
    for table, name, definition in unique:
        _run(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    for _, definition in indexes:
        _run(definition)
    _run("RESET session_replication_role", "RESET synchronous_commit", "RESET maintenance_work_mem")


def _run(*statements: str) -> Sequence[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []
