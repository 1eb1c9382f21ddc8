from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0012_letters_of_statuses")]

    operations = [
        migrations.CreateModel(
            name="LedgerCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20, unique=True)),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("at", models.DateTimeField(verbose_name="moment")),
                ("until", models.DateTimeField()),
            ],
            options={"verbose_name": "check of the ledger", "verbose_name_plural": "checks of the ledger"},
        ),
    ]
