"""The table of Django's database cache, as its own `createcachetable` makes it, so that `migrate` is enough."""

from django.db import migrations

CREATE = """
CREATE TABLE dispatch_cache (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE INDEX dispatch_cache_expires ON dispatch_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("dispatchers", "0001_initial")]

    operations = [migrations.RunSQL(CREATE, "DROP TABLE dispatch_cache")]
