"""What a type of incident means, for those who have to do something about it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0017_standing_clocks")]

    operations = [
        migrations.AddField(
            model_name="incidenttype",
            name="description_ru",
            field=models.TextField(
                blank=True,
                default="",
                help_text="Contractors read it in letters: what has happened and what has to be done.",
                verbose_name="what it means, in Russian",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="incidenttype",
            name="description_en",
            field=models.TextField(blank=True, default="", verbose_name="what it means, in English"),
            preserve_default=False,
        ),
    ]
