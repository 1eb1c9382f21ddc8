"""Facts of open incidents in an index of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0020_planned_by_moment"),
        ("sla", "0012_warnings_by_key"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="fact",
            index=models.Index(
                condition=models.Q(("closed_on", None)),
                fields=["incident"],
                include=("type", "operator", "region", "contractor", "dispatcher", "closed_on"),
                name="fact_open",
            ),
        ),
    ]
