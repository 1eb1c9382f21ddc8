"""The first version of the rules: what the desk did before rules were rows, with the types' own times.

Round the clock; ten minutes until somebody acts; generators and maintenance have 15 days, as contracts have it.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import migrations

BY_TYPE = None
MINUTES = {
    "incident": BY_TYPE,
    "contractor": BY_TYPE,
    "first_action": 10,
    "work:avr": BY_TYPE,
    "work:dgu": 15 * 1440,
    "work:eks": 15 * 1440,
}


def ship(apps: Any, schema_editor: Any) -> None:
    kinds = apps.get_model("incidents", "IncidentType").objects.all()
    document = {
        "zone": settings.TIME_ZONE,
        "calendars": {},
        "types": {kind.key: int(kind.sla / timedelta(minutes=1)) for kind in kinds},
        "rules": [
            {"clock": clock, "minutes": minutes, "calendar": "", "match": {}, "pauses": []}
            for clock, minutes in MINUTES.items()
        ],
    }
    apps.get_model("sla", "PolicyVersion").objects.create(number=1, document=document)


class Migration(migrations.Migration):
    dependencies = [("sla", "0001_clocks"), ("incidents", "0002_default_data")]

    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
