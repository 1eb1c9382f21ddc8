"""Figures lock no incident, and remember whose reactions have failed."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0020_planned_by_moment"),
        ("sla", "0010_disputes"),
    ]

    operations = [
        migrations.AddField(
            model_name="followed",
            name="again",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), default=list, size=None
            ),
        ),
        migrations.AlterField(
            model_name="fact",
            name="incident",
            field=models.OneToOneField(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                primary_key=True,
                related_name="fact",
                serialize=False,
                to="incidents.incident",
            ),
        ),
    ]
