from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mailbox", "0003_alerts")]

    operations = [
        migrations.AddIndex(
            model_name="email",
            index=models.Index(
                condition=models.Q(("kind__in", ["autoreply", "bounce", "feedback-report"])),
                fields=["kind", "-received_at"],
                name="email_automatic",
            ),
        ),
        migrations.AddIndex(
            model_name="receipt",
            index=models.Index(
                condition=models.Q(("is_old", True)), fields=["-received_at", "-id"], name="receipt_history"
            ),
        ),
    ]
