from django.db import migrations

FIRST_ACTION = """
    UPDATE incidents_incident AS row SET first_action_due_at = clock.due_at
    FROM sla_incidentclock AS clock WHERE clock.incident_id = row.id AND clock.clock = 'first_action'
"""
STANDING = """
    UPDATE incidents_incident AS row SET {column} = clock."left"
    FROM sla_incidentclock AS clock
    WHERE clock.incident_id = row.id AND clock.clock = '{clock}' AND clock.state = 'paused'
"""


class Migration(migrations.Migration):
    """The clocks that run already, copied to the new columns of their incidents, so that no screen waits for a
    recomputation."""

    dependencies = [("sla", "0003_dashboard_permissions"), ("incidents", "0017_standing_clocks")]

    operations = [
        migrations.RunSQL(sql, migrations.RunSQL.noop)
        for sql in (
            FIRST_ACTION,
            STANDING.format(column="clock_left", clock="incident"),
            STANDING.format(column="contractor_clock_left", clock="contractor"),
        )
    ]
