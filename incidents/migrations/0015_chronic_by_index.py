from django.db import migrations, models


class Migration(migrations.Migration):
    """The last months' incidents of all poles are counted in the index alone; and what the planner knows of the
    indexes of words, which were made anew."""

    dependencies = [("incidents", "0014_open_by_status")]

    operations = [
        migrations.RemoveIndex(model_name="incident", name="incident_by_opening"),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                fields=["-opened_at", "-id"], include=("pole", "merged_into"), name="incident_by_opening"
            ),
        ),
        migrations.RunSQL("ANALYZE incidents_incident, incidents_comment", migrations.RunSQL.noop),
    ]
