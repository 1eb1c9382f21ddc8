"""Planned letters in the order in which they leave."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("incidents", "0019_by_closing")]

    operations = [
        migrations.AddIndex(
            model_name="writtenletter",
            index=models.Index(fields=["leaves_at", "id"], condition=Q(outgoing=None), name="written_by_moment"),
        )
    ]
