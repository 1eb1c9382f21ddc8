import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

LETTERS = [
    ("accepted", "accepted"),
    ("handed_over", "handed over to the contractor"),
    ("closed", "closed"),
    ("closed_again", "answer into a closed incident"),
    ("signature", "signature"),
]
PERSON = settings.AUTH_USER_MODEL


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0010_composer"),
        ("mailbox", "0010_words_in_brackets"),
        migrations.swappable_dependency(PERSON),
    ]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="error_facts",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="status",
            name="sends",
            field=models.CharField(blank=True, choices=LETTERS[:3], max_length=20, verbose_name="sends the letter"),
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=LETTERS, max_length=20, verbose_name="letter")),
                (
                    "audience",
                    models.CharField(
                        choices=[("operator", "the operator"), ("contractor", "the contractor")], max_length=10
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("held", "held back"),
                            ("queued", "on its way"),
                            ("sent", "sent"),
                            ("failed", "failed"),
                            ("dropped", "dropped"),
                        ],
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="moment")),
                ("unknown_since", models.DateTimeField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=PERSON,
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="incidents.incidentevent",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="incidents.incident"
                    ),
                ),
                (
                    "outgoing",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="mailbox.outgoing",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice",
                "verbose_name_plural": "notices",
                "indexes": [
                    models.Index(
                        fields=["id"], condition=models.Q(("state__in", ["held", "queued"])), name="notice_open"
                    ),
                    models.Index(fields=["at"], condition=models.Q(("state", "failed")), name="notice_failed"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("event", "audience"), name="notice_once_a_step"),
                    models.UniqueConstraint(
                        fields=("incident", "audience"),
                        condition=models.Q(("state__in", ["held", "queued"])),
                        name="notice_one_on_its_way",
                    ),
                ],
            },
        ),
    ]
