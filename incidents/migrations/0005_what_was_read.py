from django.db import migrations, models


class Migration(migrations.Migration):
    """Where the unread letters begin, and what a watcher has seen."""

    dependencies = [("incidents", "0004_work_and_desk")]

    operations = [
        migrations.AddField(
            model_name="incident", name="read_up_to", field=models.BigIntegerField(blank=True, null=True)
        ),
        migrations.AddField(model_name="watch", name="seen", field=models.BigIntegerField(default=0)),
    ]
