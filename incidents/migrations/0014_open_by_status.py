from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Open incidents of a status in the order of the list; the desk's counters are counted in it alone."""

    dependencies = [("incidents", "0013_ledger_checks")]

    operations = [
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                fields=["status", "-active_at", "-id"],
                include=("assignee", "pole", "due_at"),
                condition=Q(closed_at=None),
                name="incident_open_by_status",
            ),
        ),
    ]
