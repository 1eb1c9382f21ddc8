"""Everything that runs by the clock. A tick that finds no worker expires before the next one."""

from datetime import timedelta
from typing import Any

from celery.schedules import crontab


def every(seconds: float, task: str) -> dict[str, Any]:
    return {"task": task, "schedule": timedelta(seconds=seconds), "options": {"expires": seconds}}


def daily(hour: int, minute: int, task: str) -> dict[str, Any]:
    """Once a day at this UTC time."""
    return {
        "task": task,
        "schedule": crontab(hour=str(hour), minute=str(minute)),
        "options": {"expires": 3600},
    }


BEAT_SCHEDULE = {
    "take new mail": every(2, "incidents.tasks.take_new_mail"),
    "send letters": every(3, "mailbox.tasks.send_mail_due"),
    "look after letters that left": every(15, "mailbox.tasks.look_after_sent"),
    "move notices on": every(2, "incidents.tasks.follow_notices"),
    "send planned letters": every(5, "incidents.tasks.send_planned_letters"),
    "look whether mail comes": every(60, "mailbox.tasks.check_health"),
    "gather kept letters": every(60, "incidents.tasks.gather_letters"),
    "compare the ledger": every(300, "incidents.tasks.compare_ledger"),
    "retry failed reactions": every(60, "incidents.tasks.retry_reactions"),
    "ring promises and reminders": every(30, "incidents.tasks.ring"),
    "hand out unassigned incidents": every(15, "dispatchers.tasks.hand_out"),
    "follow changed rules": every(5, "sla.tasks.follow_rules"),
    "try rules": every(3, "sla.tasks.try_rules"),
    "warn of deadlines": every(15, "sla.tasks.warn"),
    "tell warnings": every(3, "sla.tasks.tell"),
    "follow the figures": every(20, "sla.tasks.follow_figures"),
    "sum months of figures": every(300, "sla.tasks.sum_months"),
    "write the letter of the week": every(300, "sla.tasks.write_weekly"),
    "synchronise the registry": daily(3, 0, "towers.tasks.sync_towers"),
    "back up": daily(0, 30, "config.tasks.backup"),
    "clean up": daily(1, 30, "config.tasks.cleanup"),
    "compare the figures": daily(2, 45, "sla.tasks.compare_figures"),
    "compare mail servers and ledger": daily(2, 15, "mailbox.tasks.reconcile"),
}
# Only with a tracker in the settings.
TRACKER_SCHEDULE = {
    "tell the tracker": every(2, "tracker_bridge.tasks.push"),
    "read the tracker": every(15, "tracker_bridge.tasks.pull"),
    "fetch files from the tracker": every(5, "tracker_bridge.tasks.fetch_files"),
    "look closer at the tracker": every(60, "tracker_bridge.tasks.look_closer"),
    "check the tracker": every(3600, "tracker_bridge.tasks.check"),
}
