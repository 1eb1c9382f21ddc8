"""An index for the page of bad addresses, the newest first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mailbox", "0015_statistics_of_words")]

    operations = [
        migrations.AddIndex(
            model_name="badaddress", index=models.Index(fields=["-at", "-id"], name="bad_address_newest")
        ),
    ]
