from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrackerBridgeConfig(AppConfig):
    name = "tracker_bridge"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = _("Tracker mirror")

    def ready(self) -> None:
        """Incidents know nothing of this app: it tells them what else their pages show."""
        from tracker_bridge import presence

        presence.add()
