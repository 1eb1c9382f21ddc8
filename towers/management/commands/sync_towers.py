"""`manage.py sync_towers`: one synchronisation with TowerStore now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from towers import runs, sync
from towers.models import SyncRun


class Command(BaseCommand):
    help = "Synchronise the registry of towers with TowerStore."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = sync.sync(timezone.now())
        except sync.SyncImpossible as error:
            raise CommandError(str(error.user_message)) from None
        for feed in runs.shown(run).feeds:
            self._print(feed)
        if run.state == SyncRun.State.FAILED:
            raise CommandError(_("Nothing could be taken."))
        self.stdout.write(_("Synchronisation: %s") % run.get_state_display())

    def _print(self, feed: runs.FeedLine) -> None:
        if feed.refused:
            self.stdout.write(f"{feed.title}: {_('refused')}, {feed.refused}")
        else:
            said = _(
                "%(rows)s rows, %(taken)s taken: %(created)s new, %(changed)s changed, %(gone)s gone, "
                "%(held)s left standing; %(skipped)s skipped, %(incomplete)s with gaps"
            )
            self.stdout.write(f"{feed.title}: {said % feed.figures}")
        for example in feed.examples:
            self.stdout.write(f"  {_('row')} {example.row}: {example.why}")
