import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailbox", "0005_search_apart"),
    ]

    operations = [
        migrations.CreateModel(
            name="BadAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.CharField(max_length=320, unique=True, verbose_name="address")),
                ("said", models.TextField(blank=True)),
                (
                    "bounce",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="mailbox.email",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="moment")),
            ],
            options={
                "verbose_name": "bad address",
                "verbose_name_plural": "bad addresses",
            },
        ),
        migrations.AddIndex(
            model_name="outgoing",
            index=models.Index(
                condition=models.Q(("is_automatic", True)), fields=["-queued_at"], name="outgoing_automatic_newest"
            ),
        ),
    ]
