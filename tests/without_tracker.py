"""Settings of an installation whose administrator has taken the mirror out."""

from config.settings import *  # noqa: F403
from config.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [app for app in INSTALLED_APPS if not app.startswith("tracker_bridge.")]
DATABASES["default"]["TEST"] = {"NAME": "test_without_tracker"}
