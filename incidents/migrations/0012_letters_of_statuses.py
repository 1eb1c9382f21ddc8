"""Which letter each of the default statuses sends."""

from django.db import migrations

SENDS = {"uvedomlaemOperatora": "accepted", "peredatPodradciku": "handed_over", "uvedomitOZakrytii": "closed"}


def fill(apps, schema_editor):
    for key, letter in SENDS.items():
        apps.get_model("incidents", "Status").objects.filter(key=key, status_class="sending").update(sends=letter)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0011_notices")]

    # Going back takes the column itself away.
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
