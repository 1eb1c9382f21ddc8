from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Stand-in servers and a letter simulator for a desk without a mailbox; imported by nobody."""

    name = "demo"
