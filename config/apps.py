from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """The composition root as an app, so that its management commands and system checks are found."""

    name = "config"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from config import celery, checks  # noqa: F401 - the default Celery app and our system checks
