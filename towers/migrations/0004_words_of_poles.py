"""The words of a pole become a column: computed for each row of a search, they cost more than the search."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations
from django.db.models import F, Func, GeneratedField, TextField

SITE_WORDS = Func(
    F("code"),
    F("region_ru"),
    F("address"),
    template="translate(upper(%(expressions)s), 'Ё', 'Е')",
    arg_joiner=" || ' ' || ",
    output_field=TextField(),
)


class Migration(migrations.Migration):
    dependencies = [("towers", "0003_site_search")]

    operations = [
        migrations.RemoveIndex("pole", "pole_words"),
        migrations.AddField(
            "pole", "words", GeneratedField(expression=SITE_WORDS, output_field=TextField(), db_persist=True)
        ),
        migrations.AddIndex("pole", GinIndex(OpClass("words", name="gin_trgm_ops"), name="pole_words")),
    ]
