"""INSERT … SELECT by models: columns come from expressions, what none is given for from the model's defaults."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.models import Field, Model

# For sorting the letters and for making indexes anew; a measurement has the machine for itself.
SETTINGS = {
    "session_replication_role": "replica",  # no check of each foreign key: they come from the rows themselves
    "synchronous_commit": "off",
    "work_mem": "256MB",
    "maintenance_work_mem": "768MB",
    "max_parallel_maintenance_workers": "2",
}


def run(statement: str, given: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall() if cursor.description else []


def count(statement: str) -> int:
    """How many rows a SELECT finds, or the number that it names."""
    return int(run(statement)[0][0] or 0)


def insert(model: type[Model], facts: Mapping[str, str], source: str) -> int:
    """Rows of the model, a column for each expression over the source; returns how many."""
    fields = [
        field
        for field in model._meta.concrete_fields
        if field.name in facts or not (field.primary_key or field.generated)
    ]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(facts.get(field.name) or _default(field) for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(f'INSERT INTO "{model._meta.db_table}" ({columns}) SELECT {values} FROM {source}')
        return int(cursor.rowcount)


def last_id(model: type[Model]) -> int:
    return count(f'SELECT max(id) FROM "{model._meta.db_table}"')


def go_on_after(model: type[Model]) -> None:
    """The next row made by Django gets the id after those that were given here."""
    table = model._meta.db_table
    run(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM \"{table}\") + 1, false)")


def text(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def words(each: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(map(text, each))}]"


def keys(each: Sequence[int]) -> str:
    return f"ARRAY[{', '.join(map(str, each))}]::bigint[]"


def drawn(array: str, number: int, row: str, salt: int) -> str:
    """One of the array's elements, the same one for the same row."""
    return f"({array})[1 + pg_temp.roll({row}, {salt}, {number})]"


def weighted(weights: Mapping[str, int], row: str, salt: int) -> str:
    """One of the expressions, each as often in a hundred as its weight says."""
    whens, sum_so_far = [], 0
    for expression, weight in weights.items():
        sum_so_far += weight
        whens.append(f"WHEN pg_temp.roll({row}, {salt}, 100) < {sum_so_far} THEN {expression}")
    return f"CASE {' '.join(whens)} END"


def make_dice(seed: int) -> None:
    """`roll(row, salt, n)`: a number from 0 to n - 1; `share(row, salt)`: one from 0 to 1. Gone with the session."""
    run(
        f"CREATE OR REPLACE FUNCTION pg_temp.roll(bigint, int, int) RETURNS int LANGUAGE sql IMMUTABLE AS "
        f"'SELECT ((hashint8extended($1, $2 + {seed * 1000}::bigint) & 4611686018427387903) % $3)::int'"
    )
    run(
        f"CREATE OR REPLACE FUNCTION pg_temp.share(bigint, int) RETURNS float8 LANGUAGE sql IMMUTABLE AS "
        f"'SELECT ((hashint8extended($1, $2 + {seed * 1000}::bigint) & 4611686018427387903) % 1000000) / 1000000.0'"
    )


@contextmanager
def bare(models: Sequence[type[Model]]) -> Iterator[None]:
    """Inside, the tables have no indexes but that of their key; at the end all are made anew, which is far faster.

    For a block that is one transaction: whatever goes wrong, the indexes are there again.
    """
    tables = ", ".join(f"'{model._meta.db_table}'" for model in models)
    unique = run(
        f"SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        f"WHERE contype = 'u' AND conrelid::regclass::text IN ({tables})"
    )
    for table, name, _definition in unique:
        run(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    indexes = run(
        f"SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ({tables}) "
        f"AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    for name, _definition in indexes:
        run(f'DROP INDEX "{name}"')
    yield
    for table, name, definition in unique:
        run(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    for _name, definition in indexes:
        run(definition)


def _default(field: Field[Any, Any]) -> str:
    """The field's default as SQL."""
    if getattr(field, "auto_now_add", False) or getattr(field, "auto_now", False):
        return "now()"
    value = field.get_default()
    if value is None:
        return "NULL"
    if value == [] and field.get_internal_type() == "ArrayField":
        return "'{}'"
    return text(json.dumps(value)) if isinstance(value, list | dict) else text(str(value))
