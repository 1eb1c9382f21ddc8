"""One deed on many incidents: what is done, what is refused, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils.translation import gettext as _

from incidents import bulk, services
from incidents.bulk import Chosen, Deed, Result
from incidents.models import Incident, IncidentEvent, IncidentType, Status
from tests.factories import NOW, make_incident, make_user

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _no_reactions(settings: Any) -> None:
    settings.INCIDENT_REACTIONS = {}


def shown(*incidents: Incident) -> list[Chosen]:
    """The rows as a page shows them now."""
    rows = bulk.with_seen(Incident.objects.filter(pk__in=[each.pk for each in incidents]))
    seen = {row.pk: row.seen for row in rows}
    return [Chosen(each.code, seen[each.pk]) for each in incidents]


def carry_out(chosen: list[Chosen], deed: Deed, **over: Any) -> Result:
    return bulk.carry_out(chosen, deed, **{"by": make_user(), "at": LATER, **over})


def status(key: str) -> Status:
    return Status.objects.get(key=key)


def test_each_incident_is_done_and_says_so_in_its_own_timeline() -> None:
    one, other, me, to = make_incident(), make_incident(), make_user(), make_user()

    result = carry_out(shown(one, other), bulk.assign(to), by=me)

    assert result.codes == [one.code, other.code]
    assert not result.refused
    for incident in (one, other):
        incident.refresh_from_db()
        assert incident.assignee == to
        event = incident.events.get()
        assert (event.kind, event.actor, event.at) == ("assigned", me, LATER)


def test_one_that_the_rules_refuse_is_named_with_the_rule_and_the_others_are_done() -> None:
    open_one = make_incident()
    closed = make_incident(status="closed", closed_at=NOW)

    result = carry_out([*shown(closed), *shown(open_one)], bulk.assign(make_user()))

    assert result.codes == [open_one.code]
    words = _("%(code)s is closed. Reopen it first.") % {"code": closed.code}
    assert [(each.code, each.reason) for each in result.refused] == [(closed.code, words)]
    assert not closed.events.exists()


def test_what_somebody_else_did_after_the_page_was_shown_refuses_it_in_words() -> None:
    stale, fresh = make_incident(), make_incident()
    chosen = shown(stale, fresh)
    services.assign(stale, to=make_user(), by=make_user(last_name="Седов", first_name="Дмитрий"), at=NOW)

    result = carry_out(chosen, bulk.assign(make_user()))

    assert result.codes == [fresh.code]
    assert "Дмитрий Седов" in result.refused[0].reason
    assert stale.events.count() == 1


def test_what_he_did_himself_or_what_has_nothing_to_do_with_it_refuses_nothing() -> None:
    me, incident = make_user(), make_incident()
    chosen = shown(incident)
    services.assign(incident, to=make_user(), by=me, at=NOW)
    services.add_comment(incident, "Звонили", by=make_user(), at=NOW)
    services.set_type(incident, IncidentType.objects.first(), by=make_user(), at=NOW)

    assert carry_out(chosen, bulk.assign(me), by=me).codes == [incident.code]


def test_a_page_that_has_seen_the_change_may_go_on() -> None:
    incident = make_incident()
    services.assign(incident, to=make_user(), by=make_user(), at=NOW)

    assert carry_out(shown(incident), bulk.assign(make_user())).codes == [incident.code]


def test_a_step_that_wants_a_reason_gets_it_or_is_refused() -> None:
    incident, silent = make_incident(status="inProgress"), make_incident(status="inProgress")

    result = carry_out(shown(incident), bulk.change_status(status("error"), "Нет такой опоры"))
    refused = carry_out(shown(silent), bulk.change_status(status("error"), "")).refused

    incident.refresh_from_db()
    assert result.codes == [incident.code]
    assert incident.error_reason == "Нет такой опоры"
    assert refused[0].code == silent.code


def test_a_type_is_set_and_a_merged_incident_says_where_to_go_on() -> None:
    into, incident = make_incident(), make_incident()
    merged = make_incident(merged_into=into, status="closed", closed_at=NOW)
    kind = IncidentType.objects.filter(is_active=True).first()
    assert kind

    result = carry_out(shown(incident, merged), bulk.set_type(kind))

    assert Incident.objects.get(pk=incident.pk).type == kind
    assert into.code in result.refused[0].reason


def test_reading_is_marked_by_whoever_works_on_it() -> None:
    me, colleague = make_user(), make_user(last_name="Седов")
    mine, nobodys = make_incident(has_news=True, assignee=me), make_incident(has_news=True)
    theirs = make_incident(has_news=True, assignee=colleague)

    result = carry_out(shown(mine, nobodys, theirs), bulk.mark_read(), by=me)

    assert result.codes == [mine.code, nobodys.code]
    assert "Седов" in result.refused[0].reason
    assert list(Incident.objects.filter(has_news=True)) == [theirs]


def test_many_are_linked_to_one_and_the_one_itself_is_refused() -> None:
    one, other, hub = make_incident(), make_incident(), make_incident()

    result = carry_out(shown(one, hub, other), bulk.link("duplicate", hub))

    assert result.codes == [one.code, other.code]
    assert [each.code for each in result.refused] == [hub.code]
    assert set(hub.links_in.values_list("source", "kind")) == {(one.pk, "duplicate"), (other.pk, "duplicate")}


def test_a_code_that_nothing_has_is_refused_by_name() -> None:
    result = carry_out([Chosen("NT-0", 0)], bulk.assign(None))

    assert [(each.code, each.incident) for each in result.refused] == [("NT-0", None)]


def test_seen_is_the_newest_event_of_each_row_and_nothing_for_a_row_without() -> None:
    quiet, busy = make_incident(), make_incident()
    for _number in range(3):
        newest = IncidentEvent.objects.create(incident=busy, kind="comment")

    seen = {row.pk: row.seen for row in bulk.with_seen(Incident.objects.all())}

    assert seen == {quiet.pk: 0, busy.pk: newest.pk}
