from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class DispatchersConfig(AppConfig):
    name = "dispatchers"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = _("people")

    def ready(self) -> None:
        from dispatchers.first_administrator import create

        post_migrate.connect(create, sender=self)
