from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """What a clock that stands still has left, and by when somebody has to act; `sla` fills them."""

    dependencies = [("incidents", "0016_priority")]

    operations = [
        migrations.AddField("incident", "clock_left", models.DurationField(blank=True, null=True)),
        migrations.AddField("incident", "contractor_clock_left", models.DurationField(blank=True, null=True)),
        migrations.AddField("incident", "first_action_due_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                fields=["clock_left", "id"],
                condition=Q(closed_at=None, due_at=None, clock_left__isnull=False),
                name="incident_open_standing",
            ),
        ),
    ]
