"""The lists of jobs: what a row says, what is found, that pages lose nothing, and what administrators do."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.utils import timezone

from dispatchers.roles import Role
from incidents.models import Comment
from tests.factories import make_email, make_incident, make_user
from tests.tracker_bridge.conftest import Bridge
from tests.tracker_bridge.listed import make_job, make_link, onward, page, queries, reader
from tracker_bridge.job_list import JobFilter
from tracker_bridge.models import Job
from tracker_bridge.reasons import REASONS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("bridge")]

JOBS, DEAD, ACT = "/tracker/jobs/", "/tracker/dead/", "/tracker/jobs/act/"


@pytest.fixture
def desk() -> Client:
    return reader(make_user(Role.ADMINISTRATOR))


def shown(desk: Client, address: str) -> list[int]:
    return [int(pk) for pk in re.findall(r'id="job-(\d+)"', page(desk, address))]


def act(desk: Client, **said: Any) -> list[str]:
    """What is said after it."""
    response = desk.post(ACT, said)
    assert response.status_code == 302
    return [str(message) for message in get_messages(response.wsgi_request)]


def state_of(job: Job) -> str:
    return Job.objects.get(pk=job.pk).state


# --- What stands there ------------------------------------------------------------------------


def test_what_waits_stands_in_the_order_it_is_done_and_what_ended_the_newest_first(desk: Client) -> None:
    later, sooner = make_job("waiting", minutes=1), make_job("waiting", minutes=9)
    old, new = make_job("done", minutes=9), make_job("done", minutes=1)
    assert shown(desk, JOBS) == [sooner.pk, later.pk]
    assert shown(desk, f"{JOBS}?state=done") == [new.pk, old.pk]


def test_what_was_not_done_says_why_what_to_do_and_the_trackers_words(desk: Client) -> None:
    incident = make_incident()
    link = make_link(incident)
    make_job("dead", incident, said="422 <b>summary</b>", attempts=3)
    said = page(desk, DEAD)
    reason = REASONS["Refused"]
    for words in (incident.subject, link.key, str(reason.what), str(reason.todo), "3 attempts"):
        assert words in said
    assert "422 &lt;b&gt;summary&lt;/b&gt;" in said


def test_a_row_names_the_letter_or_the_note_it_tells(desk: Client) -> None:
    incident = make_incident()
    make_job("dead", incident, kind="letter", email=make_email(subject="Запрос аренды"))
    author = make_user(last_name="Крылова", first_name="Анна")
    comment = Comment.objects.create(incident=incident, author=author, text="Едут", at=timezone.now())
    make_job("dead", incident, kind="note", comment=comment)
    said = page(desk, DEAD)
    assert "Запрос аренды" in said
    assert f"{author.short_name}: Едут" in said


def test_what_a_worker_has_is_being_told_and_nobody_else_may_touch_it(desk: Client) -> None:
    make_job("waiting", leased_until=timezone.now() + timedelta(minutes=1))
    said = page(desk, JOBS)
    assert "being told" in said
    assert 'name="one"' not in said


def test_managers_read_and_have_nothing_to_press() -> None:
    make_job("dead", error="Exhausted")
    said = page(reader(make_user(Role.MANAGER)), DEAD)
    assert str(REASONS["Exhausted"].what) in said
    assert ACT not in said


def test_while_the_mirror_stands_still_the_lists_say_so(bridge: Bridge, desk: Client) -> None:
    desk.post("/tracker/switch/", {"on": "0"})
    assert "The mirror is switched off" in page(desk, JOBS)


# --- What is found ----------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["waiting", "done", "skipped", "dead"])
def test_each_filter_finds_its_jobs_and_nonsense_counts_as_not_said(desk: Client, state: str) -> None:
    address = DEAD if state == "dead" else f"{JOBS}?state={state}"
    join = "?" if state == "dead" else "&"
    mine = make_incident(code="NT-163341")
    link = make_link(mine)
    letter = make_job(state, mine, kind="letter", email=make_email())
    other = make_job(state, minutes=1)
    make_job("done" if state != "done" else "dead", mine)

    assert shown(desk, f"{address}{join}kind=letter") == [letter.pk]
    for text in ("NT-163341", "nt-163341", "163341", link.key, link.key.lower(), f" {link.key} "):
        assert shown(desk, f"{address}{join}q={text}") == [letter.pk]
    assert shown(desk, f"{address}{join}q=NT-1") == []
    both = {letter.pk, other.pk}
    for nonsense in ("kind=x", "after=x", "after=~", "kind=&q=", "after=20260101T000000.0~x"):
        assert set(shown(desk, f"{address}{join}{nonsense}")) == both


def test_a_state_that_does_not_exist_is_what_waits(desk: Client) -> None:
    waiting = make_job("waiting")
    make_job("dead")
    assert shown(desk, f"{JOBS}?state=dead") == shown(desk, f"{JOBS}?state=x") == [waiting.pk]


def test_jobs_of_another_tracker_are_nowhere(desk: Client) -> None:
    make_job("dead", backend="yandex")
    assert shown(desk, DEAD) == []


# --- Pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "address"), [("dead", DEAD), ("done", f"{JOBS}?state=done"), ("waiting", JOBS)])
def test_pages_show_each_row_once_while_others_are_added_also_of_one_moment(
    desk: Client, state: str, address: str
) -> None:
    at = timezone.now() - timedelta(minutes=5)
    moment = {"not_before": at} if state == "waiting" else {"ended_at": at}
    jobs = {make_job(state, **moment).pk for _ in range(103)} | {make_job(state, minutes=9).pk for _ in range(7)}
    seen: list[int] = []
    path, query = address.split("?")[0], address.removeprefix(JOBS).removeprefix(DEAD)
    while True:
        text = page(desk, f"{path}{query}")
        seen += [int(pk) for pk in re.findall(r'id="job-(\d+)"', text)]
        # Before the cursor, whichever way the list goes.
        make_job(state, minutes=-1 if state != "waiting" else 60)
        if not (following := onward(text)):
            break
        query = following.removeprefix(path)
    assert len(seen) == len(set(seen))
    assert set(seen) == jobs


@pytest.mark.parametrize("address", [DEAD, JOBS, f"{JOBS}?state=done", f"{JOBS}?state=skipped&kind=letter"])
def test_a_list_costs_the_same_for_five_jobs_and_for_fifty(desk: Client, address: str) -> None:
    state = {DEAD: "dead", JOBS: "waiting"}.get(address) or ("done" if "done" in address else "skipped")
    boss, costs = make_user(), []
    for number in (5, 45):
        for _ in range(number):
            incident = make_incident()
            make_link(incident)
            kind = {"kind": "letter", "email": make_email()}
            make_job(state, incident, settled_by=boss if state == "skipped" else None, **kind)
        costs.append(queries(desk, address))
    assert costs[0] == costs[1] <= 12


@pytest.mark.parametrize(
    ("state", "index"), [("waiting", "job_due"), ("done", "job_ended"), ("skipped", "job_ended"), ("dead", "job_dead")]
)
def test_a_list_is_read_from_an_index_in_its_order(state: str, index: str) -> None:
    order = ("not_before", "pk") if state == "waiting" else ("-ended_at", "-pk")
    rows = JobFilter.read({}, Job.State(state)).rows("memory").order_by(*order)[:50]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
    assert index in rows.explain()


# --- What administrators do -------------------------------------------------------------------


def test_one_is_tried_again_and_the_list_is_come_back_to_as_it_was(desk: Client) -> None:
    job = make_job("dead")
    response = desk.post(ACT, {"one": f"again:{job.pk}", "next": f"{DEAD}?kind=state"})
    assert response.headers["Location"] == f"{DEAD}?kind=state"
    assert state_of(job) == "waiting"


def test_no_address_of_others_is_gone_to(desk: Client) -> None:
    response = desk.post(ACT, {"one": f"again:{make_job().pk}", "next": "https://evil.example/"})
    assert response.headers["Location"] == DEAD


def test_the_chosen_ones_are_skipped_by_whoever_chose_and_no_others() -> None:
    boss = make_user(Role.ADMINISTRATOR)
    jobs = [make_job() for _ in range(3)]
    said = act(reader(boss), do="skip", job=[jobs[0].pk, jobs[1].pk])
    assert said == ["2 jobs are skipped."]
    assert [state_of(job) for job in jobs] == ["skipped", "skipped", "dead"]
    assert Job.objects.get(pk=jobs[0].pk).settled_by == boss


def test_all_of_the_list_are_tried_again_as_it_is_filtered(desk: Client) -> None:
    letters = [make_job(kind="letter", email=make_email()) for _ in range(3)]
    state = make_job()
    assert act(desk, do="again", all="1", kind="letter") == ["3 jobs are tried again now."]
    assert {state_of(job) for job in letters} == {"waiting"}
    assert state_of(state) == "dead"


def test_what_has_moved_on_is_left_alone_and_that_is_said(desk: Client) -> None:
    done, dead, gone = make_job("done"), make_job(), 10**12
    said = act(desk, do="skip", job=[done.pk, dead.pk, gone])
    assert said == ["1 job is skipped.", "2 jobs were left alone: they have moved on."]
    assert [state_of(done), state_of(dead)] == ["done", "skipped"]


@pytest.mark.parametrize("said", [{}, {"one": "again:"}, {"one": "drop:7"}, {"do": "skip", "job": ["x", "9" * 40]}])
def test_nonsense_does_nothing(desk: Client, said: dict[str, Any]) -> None:
    job = make_job()
    assert act(desk, **said) == []
    assert state_of(job) == "dead"


def test_jobs_of_another_tracker_are_not_touched(desk: Client) -> None:
    job = make_job(backend="yandex")
    act(desk, one=f"skip:{job.pk}")
    assert state_of(job) == "dead"


def test_a_full_issue_is_gone_on_from_in_a_new_one(desk: Client) -> None:
    incident = make_incident()
    link = make_link(incident)
    job = make_job("dead", incident, error="Exhausted")
    assert f"elsewhere:{job.pk}" in page(desk, DEAD)
    assert act(desk, one=f"elsewhere:{job.pk}") == ["1 incident goes on in a new issue."]
    link.refresh_from_db()
    assert link.is_left_behind


def test_nobody_but_an_administrator_does_any_of_it() -> None:
    job = make_job(error="Exhausted")
    make_link(job.incident)
    for role in (Role.OBSERVER, Role.DISPATCHER, Role.MANAGER):
        for deed in ("again", "skip", "elsewhere"):
            assert reader(make_user(role)).post(ACT, {"one": f"{deed}:{job.pk}"}).status_code == 403
    assert state_of(job) == "dead"
