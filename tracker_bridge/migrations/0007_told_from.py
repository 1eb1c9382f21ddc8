from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tracker_bridge", "0006_budget_is_told_by_alarms")]

    operations = [
        migrations.AddField(
            model_name="issuelink",
            name="told_from",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
