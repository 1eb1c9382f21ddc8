from django.db import migrations, models


class Migration(migrations.Migration):
    """The balance of the days counts folders and fates in the index alone."""

    dependencies = [("mailbox", "0011_outbox_accounts")]

    operations = [
        migrations.RemoveIndex(model_name="receipt", name="receipt_newest"),
        migrations.AddIndex(
            model_name="receipt",
            index=models.Index(fields=["-received_at", "-id"], include=("folder", "state"), name="receipt_newest"),
        ),
    ]
