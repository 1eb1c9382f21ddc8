"""Sites by any part of a code, a name or an address; contractors by a part of the name or by a phone."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations
from django.db.models import F, Func, TextField
from django.db.models.functions import Upper

# Joining an array is called stable, since some types print themselves by settings; text does not.
PHONE_DIGITS = """
CREATE FUNCTION towers_phone_digits(phones text[]) RETURNS text IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql AS
$$ SELECT regexp_replace(array_to_string(phones, '|'), '[^0-9|]+', '', 'g') $$
"""
SITE_WORDS = Func(
    F("code"),
    F("region_ru"),
    F("address"),
    template="translate(upper(%(expressions)s), 'Ё', 'Е')",
    arg_joiner=" || ' ' || ",
    output_field=TextField(),
)


def _parts(model, expression, name):
    return migrations.AddIndex(model, GinIndex(OpClass(expression, name="gin_trgm_ops"), name=name))


class Migration(migrations.Migration):
    dependencies = [("towers", "0002_places")]

    operations = [
        TrigramExtension(),
        migrations.RunSQL(PHONE_DIGITS, "DROP FUNCTION towers_phone_digits(text[])"),
        _parts("pole", "code_key", "pole_code_parts"),
        _parts("pole", SITE_WORDS, "pole_words"),
        _parts(
            "pole",
            Func(F("contractor_phones"), function="towers_phone_digits", output_field=TextField()),
            "pole_phones",
        ),
        _parts("basestation", "name_key", "station_name_parts"),
        _parts("contractor", Upper("name"), "contractor_name_parts"),
    ]
