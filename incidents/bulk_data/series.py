"""What happened, drawn row by row: the incidents and the letters from which all tables are written.

They stand in two tables of the session: `bulk_incident` (i from 1, by opening), `bulk_letter` (n from 1, by arrival).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.conf import settings
from django.contrib.auth import get_user_model

from incidents.bulk_data import sql, words
from incidents.codes import SEQUENCE
from incidents.models import Comment, Incident, IncidentType, Promise, Status
from mailbox.models import Email

YEARS = timedelta(days=3 * 365)
OF_MONTH = timedelta(days=30)
# Of a hundred letters so many concern no incident. One incident in RARE is a long story of LONG letters.
KEPT, RARE, LONG = 8, 500, 60


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for, and the ids that go on from what the database has."""

    incidents: int
    letters: int
    now: datetime
    seed: int
    statuses: dict[str, int]
    types: dict[str, int]
    people: list[int]
    incident: int
    email: int
    comment: int
    promise: int
    number: int

    @classmethod
    def make(cls, incidents: int, letters: int, now: datetime, seed: int) -> Plan:
        first = settings.INCIDENT_FIRST_NUMBER - 1
        return cls(
            incidents,
            letters,
            now,
            seed,
            dict(Status.objects.values_list("key", "pk")),
            dict(IncidentType.objects.values_list("key", "pk")),
            list(get_user_model()._default_manager.filter(is_active=True).order_by("pk").values_list("pk", flat=True)),
            sql.last_id(Incident),
            sql.last_id(Email),
            sql.last_id(Comment),
            sql.last_id(Promise),
            max(first, sql.count(f"SELECT last_value FROM {SEQUENCE}")),
        )

    @property
    def moment(self) -> str:
        return f"'{self.now.isoformat()}'::timestamptz"


def draw(plan: Plan, sites: int) -> None:
    sql.make_dice(plan.seed)
    _bodies(plan.seed)
    sql.run("DROP TABLE IF EXISTS bulk_incident, bulk_letter, bulk_thread")
    told = f"SELECT dated.*, {_told(plan)} FROM ({_dated(plan, sites)}) dated"
    sql.run(f"CREATE TEMP TABLE bulk_incident ON COMMIT DROP AS {told}")
    sql.run("ANALYZE bulk_incident")
    sql.run(_letters(plan))
    threads = "SELECT i, part, min(n) AS first FROM bulk_letter GROUP BY i, part"
    sql.run(f"CREATE TEMP TABLE bulk_thread ON COMMIT DROP AS {threads}")
    sql.run("ANALYZE bulk_letter; ANALYZE bulk_thread")


def _bodies(seed: int) -> None:
    sql.run("DROP TABLE IF EXISTS bulk_body")
    sql.run("CREATE TEMP TABLE bulk_body (stream text, place int, reply text, text text) ON COMMIT DROP")
    each = [(body.stream, body.place, body.reply, body.text) for body in words.bodies(Random(seed))]
    sql.run(
        "INSERT INTO bulk_body SELECT * FROM unnest(%s::text[], %s::int[], %s::text[], %s::text[])",
        [list(column) for column in zip(*each, strict=True)],
    )
    sql.run("ANALYZE bulk_body")


def _dated(plan: Plan, sites: int) -> str:
    """Each incident with its site, status and moments. A tenth stand on a few poles that fail again and again."""
    step = YEARS / plan.incidents
    chronic = max(sites // 100, 1)
    return f"""
    SELECT judged.*,
        CASE WHEN is_open THEN opened_at + ({plan.moment} - opened_at) * sqrt(pg_temp.share(i, 10))
            ELSE closed_at + CASE WHEN pg_temp.roll(i, 11, 10) = 0
                THEN ({plan.moment} - closed_at) * least(pg_temp.share(i, 12), 0.001) ELSE interval '0' END
        END AS active_at
    FROM (
        SELECT placed.*, {_status(plan)} AS status,
            CASE WHEN NOT is_open THEN least({plan.moment} - interval '1 second',
                opened_at + interval '20 minutes' + power(pg_temp.share(i, 13), 3) * interval '60 hours') END
                AS closed_at
        FROM (
            SELECT began.*, site.* FROM (
                SELECT i, {plan.moment} - ({plan.incidents} - i + 1) * interval '{step.total_seconds()} seconds'
                        AS opened_at,
                    i > {plan.incidents} * (1 - {OF_MONTH / YEARS}) AND pg_temp.roll(i, 1, 2) = 0 AS is_open,
                    pg_temp.roll(i, 2, 20) = 0 AS is_manual,
                    CASE WHEN pg_temp.roll(i, 3, 100) >= 3 THEN pg_temp.roll(i, 4,
                        CASE WHEN pg_temp.roll(i, 5, 10) = 0 THEN {chronic} ELSE {sites} END) END AS wanted
                FROM generate_series(1::bigint, {plan.incidents}) i
            ) began LEFT JOIN bulk_site site ON site.spot = began.wanted
        ) placed
    ) judged"""


def _status(plan: Plan) -> str:
    shares = {
        "new": 12, "inProgress": 38, "needAcceptance": 8, "naGeneraciiNb": 6, "uvedomiliOperatora": 8,
        "peredanoPodradciku": 22, "uvedomiliOZakrytii": 6,
    }  # fmt: skip
    open_status = sql.weighted({str(plan.statuses[key]): share for key, share in shares.items()}, "i", 14)
    return (
        f"CASE WHEN NOT is_open THEN {plan.statuses['closed']} WHEN pole IS NULL THEN {plan.statuses['error']} "
        f"ELSE {open_status} END"
    )


def _told(plan: Plan) -> str:
    """Who, what and by when. Deadlines of many open ones lie ahead, as where the desk has waited for somebody."""
    types = {"power-rf": 62, "access": 8, "power-own": 8, "fibre": 10, "power-msk": 5, "authorities": 2}
    kinds = {str(plan.types[key]): share for key, share in types.items()} | {str(plan.types["destruction"]): 1}
    person = sql.drawn(sql.keys(plan.people), len(plan.people), "i", 21)
    name = f"{sql.drawn(sql.words(words.NAMES), len(words.NAMES), 'i', 22)} || ' ' || " + sql.drawn(
        sql.words(words.SURNAMES), len(words.SURNAMES), "i", 23
    )
    failure = sql.drawn(sql.words(words.FAILURES), len(words.FAILURES), "i", 24)
    extra = plan.letters * (100 - KEPT) / 95 / plan.incidents - 1 - LONG / RARE
    weight = sql.weighted({"0.2": 50, "1": 30, "2": 15, "6": 5}, "i", 25)
    return f"""
        {sql.weighted(kinds, "i", 20)} AS type,
        CASE WHEN NOT is_open OR status <> {plan.statuses["new"]} OR pg_temp.roll(i, 26, 4) > 0 THEN {person} END
            AS person,
        {name} AS requester, 'noc' || pg_temp.roll(i, 27, 40) || '@' || coalesce(domain, 'operator.example') AS sender,
        '{settings.INCIDENT_PREFIX}-' || {plan.number} + i AS name,
        {failure} || CASE WHEN pole IS NULL THEN ' без номера площадки'
            ELSE ' ' || station_name || CASE station_name WHEN '' THEN '' ELSE '/' END || code END AS subject,
        opened_at + least(active_at - opened_at, (2 + 12 * pg_temp.share(i, 28)) * interval '1 minute') AS acted_at,
        CASE WHEN status IN ({plan.statuses["peredanoPodradciku"]}, {plan.statuses["uvedomiliOZakrytii"]})
            OR NOT is_open AND pg_temp.roll(i, 29, 10) < 6
            THEN least(closed_at, active_at, opened_at + (15 + 40 * pg_temp.share(i, 30)) * interval '1 minute')
        END AS handed_at,
        {
        sql.weighted(
            {
                f"{plan.moment} + pg_temp.share(i, 32) * interval '48 hours'": 55,
                f"{plan.moment} + pg_temp.share(i, 32) * interval '1 hour'": 2,
            },
            "i",
            31,
        )
    } AS waited_until,
        CASE WHEN is_manual THEN 0 WHEN pg_temp.roll(i, 33, {RARE}) = 0 THEN {LONG}
            ELSE 1 + floor(greatest({extra}, 0) * {weight} + pg_temp.share(i, 34))::int END AS letters,
        CASE WHEN pg_temp.roll(i, 35, 2) = 0 THEN pg_temp.roll(i, 36, 3) ELSE 0 END AS notes"""


def _letters(plan: Plan) -> str:
    """Every letter with what its row needs, so that none of the large tables has to be joined."""
    kept = max(plan.letters - sql.count("SELECT sum(letters) FROM bulk_incident"), 0)
    each = f"'{YEARS.total_seconds() / max(kept, 1)} seconds'::interval"
    return f"""
    CREATE TEMP TABLE bulk_letter ON COMMIT DROP AS
    SELECT row_number() OVER (ORDER BY at, i, s) AS n, said.*,
        (i > 0 AND s > 1 AND (part = 0 OR s - 1 > letters / 2)) IS TRUE AS is_answer,
        (i > 0 AND s > 1 AND pg_temp.roll(i * 64 + s, 40, 10) < 3) IS TRUE AS is_out
    FROM (
        SELECT i, s, letters, opened_at + (active_at - opened_at) * ((s - 1.0) / greatest(letters - 1, 1)) AS at,
            CASE WHEN letters > 8 AND pg_temp.roll(i, 41, 3) = 0 AND s > letters / 2 THEN 1 ELSE 0 END AS part,
            name, subject, requester, sender, code, station_name
        FROM bulk_incident, generate_series(1, letters) s
        UNION ALL
        SELECT NULL, k, 0, {plan.moment} - ({kept} - k + 0.5) * {each}, 0, NULL, 'График и пропуска, письмо ' || k,
            'Отдел энергетики', 'office' || pg_temp.roll(k, 42, 30) || '@operator.example', NULL, NULL
        FROM generate_series(1, {kept}) k
    ) said ORDER BY n"""
