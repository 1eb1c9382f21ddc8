"""`manage.py sync_towers`: one synchronisation with TowerStore now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from towers import sync
from towers.models import SyncRun
from towers.reasons import say


class Command(BaseCommand):
    help = "Synchronise the registry of towers with TowerStore."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = sync.sync(timezone.now())
        except sync.SyncImpossible as error:
            raise CommandError(str(error.user_message)) from None
        for name in sync.FEEDS:
            self._print(name, run.feeds[name])
        if run.state == SyncRun.State.FAILED:
            raise CommandError(_("Nothing could be taken."))
        self.stdout.write(str(run.get_state_display()))

    def _print(self, name: str, entry: dict[str, Any]) -> None:
        figures = ", ".join(
            f"{entry[key]} {key}" for key in ("rows", "created", "changed", "gone", "skipped", "incomplete")
        )
        refused = f"REFUSED, {say(entry['refused'])}; " if entry["refused"] else ""
        self.stdout.write(f"{name}: {refused}{figures}")
        for example in entry["examples"]:
            self.stdout.write(f"  row {example['row']}: {say(example['why'])}")
