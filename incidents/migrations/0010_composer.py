# Letters written on the card: as typed, their files, canned answers.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0009_letter_templates"),
        ("mailbox", "0010_words_in_brackets"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="form",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.CreateModel(
            name="WrittenLetter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("form", models.JSONField(default=dict)),
                ("seen", models.BigIntegerField(default=0)),
                ("written_at", models.DateTimeField(verbose_name="written")),
                ("leaves_at", models.DateTimeField(blank=True, null=True, verbose_name="leaves")),
                (
                    "held",
                    models.CharField(
                        blank=True,
                        choices=[("news", "a newer letter came"), ("refused", "it could not leave")],
                        max_length=10,
                    ),
                ),
                ("held_said", models.TextField(blank=True)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="written_letters",
                        to="incidents.incident",
                    ),
                ),
                (
                    "outgoing",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="written",
                        to="mailbox.outgoing",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "letter as written",
                "verbose_name_plural": "letters as written",
            },
        ),
        migrations.CreateModel(
            name="ReplyFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=255, verbose_name="name")),
                ("content_type", models.CharField(max_length=255, verbose_name="type")),
                ("size", models.PositiveIntegerField(verbose_name="size, bytes")),
                ("sha256", models.CharField(max_length=64)),
                ("at", models.DateTimeField(verbose_name="moment")),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reply_files", to="incidents.incident"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "written",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reply_files",
                        to="incidents.writtenletter",
                    ),
                ),
            ],
            options={
                "verbose_name": "file of a letter being written",
                "verbose_name_plural": "files of letters being written",
            },
        ),
        migrations.CreateModel(
            name="CannedAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("text", models.TextField(verbose_name="text")),
                ("changed_at", models.DateTimeField(verbose_name="changed")),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="canned_answers",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "canned answer",
                "verbose_name_plural": "canned answers",
                "ordering": ["name", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("owner", "name"), name="canned_once_a_name", nulls_distinct=False)
                ],
            },
        ),
        migrations.AddIndex(
            model_name="writtenletter",
            index=models.Index(
                condition=models.Q(("held", ""), ("outgoing", None)), fields=["leaves_at"], name="written_to_leave"
            ),
        ),
        migrations.AddIndex(
            model_name="writtenletter",
            index=models.Index(condition=models.Q(("outgoing", None)), fields=["incident"], name="written_of_incident"),
        ),
        migrations.AddIndex(
            model_name="replyfile",
            index=models.Index(
                condition=models.Q(("written", None)), fields=["incident", "person"], name="reply_files_at_hand"
            ),
        ),
        migrations.AddIndex(
            model_name="replyfile",
            index=models.Index(fields=["at"], name="reply_files_by_age"),
        ),
    ]
