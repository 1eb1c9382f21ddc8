"""The tables of the desk, written from `bulk_incident` and `bulk_letter`: incidents, their places, work and events."""

from __future__ import annotations

from incidents.bulk_data import sql, words
from incidents.bulk_data.series import Plan
from incidents.codes import SEQUENCE
from incidents.models import (
    ChecklistItem,
    ChecklistMark,
    Comment,
    Incident,
    IncidentEmail,
    IncidentEvent,
    IncidentLink,
    IncidentTag,
    IncidentType,
    Promise,
    Reminder,
    Tag,
    Watch,
    WorkPeriod,
)

BALLS = {"'us'": 60, "'contractor'": 25, "'operator'": 10, "'energy'": 5}
WORKS = {"'avr'": 55, "'rvr'": 20, "'dgu'": 20, "'eks'": 5}
ALLOWED = f"(SELECT sla FROM {IncidentType._meta.db_table} kind WHERE kind.id = type)"
DUE = (
    f"CASE WHEN type IS NULL THEN NULL WHEN is_open AND waited_until IS NOT NULL THEN waited_until "
    f"ELSE opened_at + {ALLOWED} END"
)


def write(plan: Plan) -> None:
    incident = f"{plan.incident} + i"
    sql.insert(Incident, _incident(plan), "bulk_incident")
    place = {
        "incident": f"{plan.incident} + letter.i",
        "email": f"{plan.email} + n",
        "thread": f"{plan.email} + thread.first",
        "way": "CASE WHEN s = 1 THEN 'opened' ELSE 'thread' END",
    }
    threads = "bulk_thread thread ON thread.i = letter.i AND thread.part = letter.part"
    sql.insert(IncidentEmail, place, f"bulk_letter letter JOIN {threads}")
    sql.run("DROP TABLE IF EXISTS bulk_note")
    sql.run(
        """CREATE TEMP TABLE bulk_note ON COMMIT DROP AS SELECT row_number() OVER (ORDER BY i, k) AS c, i, person,
            acted_at + (active_at - acted_at) * (k / 3.0) AS at FROM bulk_incident, generate_series(1, notes) k"""
    )
    note = {
        "id": f"{plan.comment} + c",
        "incident": incident,
        "author": "person",
        "text": sql.drawn(sql.words(words.NOTES), len(words.NOTES), "c", 60),
        "at": "at",
    }
    sql.insert(Comment, note, "bulk_note")
    _work(incident)
    _promises(plan, incident)
    _links(plan, incident)
    sql.insert(IncidentEvent, {"incident": incident, **{name: name for name in ("kind", "actor", "at", "data")}},
               f"({_events(plan)}) event")  # fmt: skip
    for model in (Incident, Comment, Promise):
        sql.go_on_after(model)
    sql.run(f"SELECT setval('{SEQUENCE}', {plan.number + plan.incidents})")


def _incident(plan: Plan) -> dict[str, str]:
    error = plan.statuses["error"]
    return {
        "id": f"{plan.incident} + i",
        "code": "name",
        "subject": "subject",
        "registration": "CASE WHEN is_manual THEN 'manual' ELSE 'mail' END",
        "requester_email": "sender",
        "requester_name": "requester",
        "status": "status",
        "type": "type",
        "assignee": "person",
        "pole": "pole",
        "base_station": "station",
        "contractor": "contractor",
        "operator": "operator",
        "ball": f"CASE WHEN is_open THEN {sql.weighted(BALLS, 'i', 61)} ELSE 'us' END",
        "ball_since": "CASE WHEN is_open THEN acted_at END",
        "reading": _reading(),
        "error_reason": f"CASE WHEN status = {error} THEN 'В письме нет номера опоры и базовой станции' ELSE '' END",
        "power_back_at": "CASE WHEN is_open AND pg_temp.roll(i, 62, 25) = 0 THEN active_at END",
        "opened_at": "opened_at",
        "due_at": DUE,
        "closed_at": "closed_at",
        "handed_over_at": "handed_at",
        "contractor_due_at": f"handed_at + {ALLOWED}",
        "contractor_done_at": "CASE WHEN handed_at IS NOT NULL THEN closed_at END",
        "first_action_at": "CASE WHEN person IS NOT NULL THEN acted_at END",
        "first_action_due_at": "opened_at + interval '10 minutes'",
        "active_at": "active_at",
        "has_news": "is_open AND pg_temp.roll(i, 63, 100) < 15",
        "letter_count": "letters",
        "letters_since_closing": "CASE WHEN active_at > closed_at THEN 1 ELSE 0 END",
        "version": "5 + letters",
    }


def _reading() -> str:
    """towers.matching.Match.as_json() of a subject that names the pole."""
    return """CASE WHEN pole IS NULL OR is_manual THEN '{}'::jsonb ELSE jsonb_build_object(
        'pole_id', pole, 'station_id', station, 'pole_code', code, 'station_name', nullif(station_name, ''),
        'rule', 'named', 'problem', NULL, 'candidates', '[]'::jsonb, 'station_candidates', '[]'::jsonb,
        'runners_up', '[]'::jsonb, 'truncated', false, 'evidence', jsonb_build_array(jsonb_build_object(
            'kind', 'pole', 'source', 'subject', 'part', 0, 'start', length(subject) - length(code),
            'end', length(subject), 'text', code, 'value', code, 'rule', 'exact',
            'ids', jsonb_build_array(pole), 'supports', true))) END"""


def _work(incident: str) -> None:
    """Tags, watchers, periods of work, checklists and reminders: on some incidents each."""
    tags, people = _ids(Tag), "pg_temp.roll(i, 64, 7) = 0"
    sql.insert(IncidentTag, {"incident": incident, "tag": sql.drawn(sql.keys(tags), len(tags), "i", 65)},
               f"bulk_incident WHERE {people}")  # fmt: skip
    sql.insert(Watch, {"incident": incident, "person": "person"},
               "bulk_incident WHERE is_open AND person IS NOT NULL AND pg_temp.roll(i, 66, 20) = 0")  # fmt: skip
    period = {
        "incident": incident,
        "kind": sql.weighted(WORKS, "i", 67),
        "started_at": "acted_at",
        "ended_at": "closed_at",
        "author": "person",
    }
    sql.insert(WorkPeriod, period, "bulk_incident WHERE person IS NOT NULL AND pg_temp.roll(i, 68, 5) = 0")
    items = _ids(ChecklistItem)
    mark = {"incident": incident, "item": "item", "person": "person", "at": "acted_at"}
    sql.insert(ChecklistMark, mark, f"bulk_incident, unnest({sql.keys(items)}) item "
               "WHERE person IS NOT NULL AND pg_temp.roll(i, 69, 10) = 0")  # fmt: skip
    reminder = {
        "incident": incident,
        "person": "person",
        "at": "active_at + interval '3 hours'",
        "text": sql.drawn(sql.words(words.REMINDERS), len(words.REMINDERS), "i", 70),
        "rung_at": "active_at + interval '3 hours'",
        "done_at": "CASE WHEN NOT is_open THEN closed_at END",
    }
    sql.insert(Reminder, reminder, "bulk_incident WHERE person IS NOT NULL AND pg_temp.roll(i, 71, 100) = 0")


def _ids(model: type[Tag | ChecklistItem]) -> list[int]:
    return list(model._default_manager.order_by("pk").values_list("pk", flat=True))


def _promises(plan: Plan, incident: str) -> None:
    sql.run("DROP TABLE IF EXISTS bulk_promise")
    sql.run(
        f"""CREATE TEMP TABLE bulk_promise ON COMMIT DROP AS
        SELECT row_number() OVER (ORDER BY i) AS p, i, person, acted_at, is_open, closed_at, waited_until,
            {sql.drawn(sql.words(words.PROMISES), len(words.PROMISES), "i", 72)} AS text
        FROM bulk_incident WHERE handed_at IS NOT NULL AND pg_temp.roll(i, 73, 12) = 0"""
    )
    facts = {
        "id": f"{plan.promise} + p",
        "incident": incident,
        "by": "'contractor'",
        "text": "text",
        "due_at": "coalesce(waited_until, acted_at + interval '4 hours')",
        "kept_at": "closed_at",
        "missed_at": "CASE WHEN is_open AND waited_until IS NULL THEN acted_at + interval '4 hours' END",
        "author": "person",
        "at": "acted_at",
    }
    sql.insert(Promise, facts, "bulk_promise")


def _links(plan: Plan, incident: str) -> None:
    other = f"{plan.incident} + i - 1 - pg_temp.roll(i, 74, 50)"
    facts = {"source": incident, "target": other, "kind": "'related'", "author": "person", "at": "acted_at"}
    sql.insert(IncidentLink, facts, "bulk_incident WHERE i > 60 AND pg_temp.roll(i, 75, 100) = 0")


def _events(plan: Plan) -> str:
    """In the order in which they happened; of one moment, in that in which the desk does things."""
    now, new, work = "NULL::bigint", plan.statuses["new"], plan.statuses["inProgress"]
    over, closed = plan.statuses["peredanoPodradciku"], plan.statuses["closed"]
    email = f"jsonb_build_object('email', {plan.email} + n)"
    step = "jsonb_build_object('from', {}::bigint, 'to', {}::bigint, 'reason', '')".format
    rows = "bulk_incident WHERE person IS NOT NULL"
    at_work = f"CASE WHEN handed_at IS NULL THEN {work} ELSE {over} END"
    further = f"person IS NOT NULL AND is_open AND status NOT IN ({new}, {work}, {over})"
    return f"""
    SELECT i, at, 1 AS rank, 'opened' AS kind, {now} AS actor, {email} AS data FROM bulk_letter WHERE i > 0 AND s = 1
    UNION ALL SELECT i, opened_at, 1, 'opened', person, '{{}}' FROM bulk_incident WHERE is_manual
    UNION ALL SELECT i, opened_at, 2, 'site_linked', NULL, jsonb_build_object('pole', pole, 'station', station,
        'before', '{{"pole": null, "station": null}}'::jsonb) FROM bulk_incident WHERE pole IS NOT NULL
    UNION ALL SELECT i, opened_at, 3, 'error', NULL, jsonb_build_object('from', {new}, 'to', status, 'reason',
        'В письме нет номера опоры и базовой станции') FROM bulk_incident WHERE status = {plan.statuses["error"]}
    UNION ALL SELECT i, opened_at + interval '1 second', 4, 'assigned', NULL,
        jsonb_build_object('from', NULL, 'to', person, 'why', '{{}}'::jsonb) FROM {rows}
    UNION ALL SELECT i, acted_at, 5, 'type_set', person, jsonb_build_object('from', NULL, 'to', type)
        FROM {rows} AND type IS NOT NULL
    UNION ALL SELECT i, acted_at, 6, 'status_changed', person, {step(new, work)} FROM {rows} AND status <> {new}
    UNION ALL SELECT i, handed_at, 7, 'handed_over', person, {step(work, over)} FROM {rows} AND handed_at IS NOT NULL
    UNION ALL SELECT i, at, 8, 'comment', person, jsonb_build_object('comment', {plan.comment} + c) FROM bulk_note
    UNION ALL SELECT i, acted_at, 8, 'promised', person, jsonb_build_object('promise', {plan.promise} + p,
        'by', 'contractor', 'text', text, 'due', acted_at + interval '4 hours') FROM bulk_promise
    UNION ALL SELECT i, at, 9, 'letter', NULL, {email} || '{{"way": "thread"}}' FROM bulk_letter WHERE i > 0 AND s > 1
    UNION ALL SELECT i, active_at, 10, 'status_changed', person, {step(at_work, "status")} FROM bulk_incident
        WHERE {further}
    UNION ALL SELECT i, closed_at, 11, 'closed', person, {step(at_work, closed)} FROM {rows} AND NOT is_open
    ORDER BY 2, 1, 3"""
