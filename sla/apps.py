from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SlaConfig(AppConfig):
    name = "sla"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = _("SLA")

    def ready(self) -> None:
        """Incidents know nothing of this app: it tells the desk what else lists can be narrowed by."""
        from sla import desk_fields

        desk_fields.add()
