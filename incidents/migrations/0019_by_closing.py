from django.db import migrations, models


class Migration(migrations.Migration):
    """Incidents closed between two days, the last closed first."""

    dependencies = [("incidents", "0018_what_types_mean")]

    operations = [
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                fields=["-closed_at", "-id"],
                condition=models.Q(closed_at__isnull=False),
                name="incident_by_closing",
            ),
        ),
    ]
