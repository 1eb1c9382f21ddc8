import django.db.models.deletion
from django.db import migrations, models


def without_index(name, to, verbose_name):
    return migrations.AlterField(
        model_name="incident",
        name=name,
        field=models.ForeignKey(
            blank=True,
            db_index=False,
            null=True,
            on_delete=django.db.models.deletion.PROTECT,
            related_name="incidents",
            to=to,
            verbose_name=verbose_name,
        ),
    )


class Migration(migrations.Migration):
    """Lists of one type, contractor or operator in order; indexes that others make needless go."""

    dependencies = [("incidents", "0021_note_files"), ("towers", "0004_words_of_poles")]

    operations = [
        *(
            migrations.AddIndex(
                model_name="incident",
                index=models.Index(fields=[name, "-active_at", "-id"], name=f"incident_by_{name}"),
            )
            for name in ("type", "contractor", "operator")
        ),
        without_index("type", "incidents.incidenttype", "type"),
        without_index("contractor", "towers.contractor", "contractor"),
        without_index("operator", "towers.operator", "operator"),
        without_index("pole", "towers.pole", "pole"),
    ]
