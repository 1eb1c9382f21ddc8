"""Letters that left but not to all: a mark, and the letters that said so. People's letters go before automatic ones."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("mailbox", "0016_bad_addresses_newest")]

    operations = [
        migrations.AddField(
            model_name="outgoing", name="is_lacking", field=models.BooleanField(db_default=False, default=False)
        ),
        migrations.AddField(
            model_name="outgoing", name="bounces", field=models.ManyToManyField(related_name="+", to="mailbox.email")
        ),
        migrations.RemoveIndex(model_name="outgoing", name="outgoing_to_send"),
        migrations.RemoveIndex(model_name="outgoing", name="outgoing_troubled"),
        migrations.AddIndex(
            model_name="outgoing",
            index=models.Index(
                fields=["account", "is_automatic", "next_try_at", "id"],
                condition=Q(state__in=["queued", "retrying"]),
                name="outgoing_next",
            ),
        ),
        migrations.AddIndex(
            model_name="outgoing",
            index=models.Index(
                fields=["-queued_at", "-id"],
                condition=Q(state__in=["failed", "unknown"]) | Q(is_lacking=True),
                name="outgoing_amiss",
            ),
        ),
        migrations.AddIndex(
            model_name="outgoing",
            index=models.Index(fields=["-queued_at", "-id"], condition=Q(is_lacking=True), name="outgoing_lacking"),
        ),
    ]
