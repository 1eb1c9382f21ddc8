from django.db import migrations


class Migration(migrations.Migration):
    """What the planner knows of a new index of words; without it every word seems rare, and a frequent one takes
    minutes. Left alone, PostgreSQL would look again when a tenth of the letters has changed."""

    dependencies = [("mailbox", "0014_stuck_letters")]

    operations = [migrations.RunSQL("ANALYZE mailbox_email, mailbox_attachment", migrations.RunSQL.noop)]
