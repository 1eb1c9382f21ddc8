"""An index for the addresses of our letters: the list finds them by a part of one."""

import django.contrib.postgres.indexes
import django.db.models.expressions
import django.db.models.fields
import django.db.models.functions.comparison
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("mailbox", "0012_balance_by_index")]

    operations = [
        TrigramExtension(),
        migrations.AddIndex(
            model_name="outgoing",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.comparison.Cast(
                        models.Func(
                            models.F("recipients"), models.Value("$[*].address"), function="jsonb_path_query_array"
                        ),
                        output_field=models.TextField(),
                    ),
                    name="gin_trgm_ops",
                ),
                name="outgoing_addresses",
            ),
        ),
    ]
