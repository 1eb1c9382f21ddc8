"""Which weeks managers were written about, and who does not want it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sla", "0004_clocks_on_rows"),
        ("mailbox", "0017_letters_not_for_all"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WeeklyLetter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("week", models.DateField(unique=True, verbose_name="week")),
                ("at", models.DateTimeField(verbose_name="moment")),
                ("letters", models.ManyToManyField(related_name="+", to="mailbox.outgoing")),
            ],
            options={
                "verbose_name": "letter of the week",
                "verbose_name_plural": "letters of the week",
                "ordering": ["-week"],
            },
        ),
        migrations.CreateModel(
            name="WeeklyRefusal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="moment")),
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "refusal of the letter of the week",
                "verbose_name_plural": "refusals of the letter of the week",
            },
        ),
    ]
