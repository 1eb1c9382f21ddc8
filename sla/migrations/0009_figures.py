"""The figures of the dashboard; `manage.py sla_figures --rebuild` fills them for what stands already."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("incidents", "0019_by_closing"),
        ("sla", "0008_warnings"),
    ]

    operations = [
        migrations.CreateModel(
            name="FactSum",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "month",
                        "narrowed",
                        "key",
                        "shown",
                        "value",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("month", models.DateField()),
                ("narrowed", models.SmallIntegerField()),
                ("key", models.IntegerField()),
                ("shown", models.SmallIntegerField()),
                ("value", models.IntegerField()),
                ("codes", django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), size=None)),
                ("numbers", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
            ],
            options={
                "verbose_name": "sum of figures",
                "verbose_name_plural": "sums of figures",
            },
        ),
        migrations.CreateModel(
            name="Followed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sure_event", models.BigIntegerField(default=0)),
                ("seen_event", models.BigIntegerField(default=0)),
                ("sure_email", models.BigIntegerField(default=0)),
                ("seen_email", models.BigIntegerField(default=0)),
                ("horizon", models.BigIntegerField(default=0)),
                ("zone", models.CharField(blank=True, max_length=60)),
                ("stamp", models.UUIDField(null=True)),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "verbose_name": "state of the figures",
                "verbose_name_plural": "states of the figures",
            },
        ),
        migrations.CreateModel(
            name="LetterSum",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("came", models.IntegerField()),
                ("left", models.IntegerField()),
            ],
            options={
                "verbose_name": "letters of a day",
                "verbose_name_plural": "letters of days",
            },
        ),
        migrations.CreateModel(
            name="Region",
            fields=[
                ("id", models.SmallAutoField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200, unique=True, verbose_name="region")),
            ],
            options={
                "verbose_name": "region",
                "verbose_name_plural": "regions",
            },
        ),
        migrations.CreateModel(
            name="SummedMonth",
            fields=[
                ("month", models.DateField(primary_key=True, serialize=False)),
            ],
            options={
                "verbose_name": "summed month",
                "verbose_name_plural": "summed months",
            },
        ),
        migrations.CreateModel(
            name="Fact",
            fields=[
                (
                    "incident",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="fact",
                        serialize=False,
                        to="incidents.incident",
                    ),
                ),
                ("opened_on", models.DateField()),
                ("closed_on", models.DateField(null=True)),
                ("contractor_closed_on", models.DateField(null=True)),
                ("type", models.IntegerField()),
                ("operator", models.IntegerField()),
                ("contractor", models.IntegerField()),
                ("dispatcher", models.IntegerField()),
                ("pole", models.IntegerField()),
                ("region", models.SmallIntegerField()),
                ("hour", models.SmallIntegerField()),
                ("outcome", models.SmallIntegerField(choices=[(0, "in time"), (1, "late")], null=True)),
                ("contractor_outcome", models.SmallIntegerField(choices=[(0, "in time"), (1, "late")], null=True)),
                ("answer_bin", models.SmallIntegerField(null=True)),
                ("repair_bin", models.SmallIntegerField(null=True)),
                ("contractor_bin", models.SmallIntegerField(null=True)),
            ],
            options={
                "verbose_name": "figure of an incident",
                "verbose_name_plural": "figures of incidents",
                "indexes": [
                    models.Index(fields=["opened_on"], name="fact_by_opening"),
                    models.Index(fields=["closed_on"], name="fact_by_closing"),
                    models.Index(fields=["contractor_closed_on"], name="fact_by_contractors_end"),
                ],
            },
        ),
    ]
