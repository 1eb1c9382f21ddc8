"""Rules for the lasting repair by priority, and when to warn.

The times by priority are our assumption, as docs/sla.md says: contracts differ. Where no incident was ever judged by
the first version it is completed; elsewhere these rules are a second one, and what has ended keeps those of its end.
"""

from typing import Any

from django.db import migrations

DAY = 24 * 60
RESTORATION = {"urgent": DAY, "high": 3 * DAY, "normal": 10 * DAY, "low": 30 * DAY}
WARNINGS: dict[str, dict[str, Any]] = {
    "incident": {"warn": [60], "escalate": 0},
    "contractor": {"warn": [60], "escalate": 0},
    "first_action": {"warn": [], "escalate": 10},
    "work:avr": {"warn": [60], "escalate": 0},
    "work:rvr": {"warn": [12 * 60], "escalate": 0},
    "work:dgu": {"warn": [12 * 60], "escalate": 0},
    "work:eks": {"warn": [12 * 60], "escalate": 0},
}
WHY = "Restoration repairs by priority, and when to warn"


def ship(apps: Any, schema_editor: Any) -> None:
    versions = apps.get_model("sla", "PolicyVersion")
    newest = versions.objects.order_by("number").last()
    document = newest.document
    rules = document["rules"]
    if not any(rule["clock"] == "work:rvr" for rule in rules):
        rules += [
            {"clock": "work:rvr", "minutes": minutes, "calendar": "", "match": {"priority": [priority]}, "pauses": []}
            for priority, minutes in RESTORATION.items()
        ]
    document["rules"] = [WARNINGS.get(rule["clock"], {}) | rule for rule in rules]
    if apps.get_model("incidents", "Incident").objects.exists():
        versions.objects.create(number=newest.number + 1, document=document, why=WHY)
    else:
        newest.save(update_fields=["document"])


class Migration(migrations.Migration):
    dependencies = [("sla", "0006_changes"), ("incidents", "0016_priority")]

    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
