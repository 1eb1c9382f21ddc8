"""Letters that wait, by the moment they have waited for, whatever their account."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("mailbox", "0017_letters_not_for_all")]

    operations = [
        migrations.AddIndex(
            model_name="outgoing",
            index=models.Index(
                fields=["next_try_at"], condition=Q(state__in=["queued", "retrying"]), name="outgoing_waiting"
            ),
        )
    ]
