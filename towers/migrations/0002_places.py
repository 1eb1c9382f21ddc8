from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("towers", "0001_initial"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="pole",
            index=models.Index(
                condition=models.Q(("gone_at", None)), fields=["latitude", "longitude"], name="pole_by_place"
            ),
        ),
        migrations.AddIndex(
            model_name="pole",
            index=models.Index(
                condition=models.Q(("gone_at__isnull", False)), fields=["code"], name="pole_gone_by_code"
            ),
        ),
    ]
