import gc
import os
from importlib import import_module

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_asgi_application()
# All pages now, and not at the first request. What is loaded here stays: the collector of garbage need not walk over it
# again and again while somebody waits for a page.
import_module("config.urls")
gc.collect()
gc.freeze()
