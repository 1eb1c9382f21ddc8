from django.apps import apps
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config.health import healthz, readyz
from dispatchers.views import administration_door
from incidents import api, live, site_urls
from towers import urls as tower_urls

handler500 = "config.failures.failed"

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("events/", live.events, name="events"),
    path("api/v1/", include("incidents.api")),
    path("api/schema/", api.schema, name="api-schema"),
    path("api/docs/", api.docs, name="api-docs"),
    path("admin/login/", administration_door),
    path("admin/", admin.site.urls),
    path("towers/", include(([*tower_urls.urlpatterns, *site_urls.urlpatterns], tower_urls.app_name))),
    path("mail/", include("mailbox.urls")),
    path("sla/", include("sla.urls")),
    # It can be taken out of INSTALLED_APPS.
    *([path("tracker/", include("tracker_bridge.urls"))] if apps.is_installed("tracker_bridge") else []),
    path("", include("dispatchers.urls")),
    path("", include("incidents.urls")),
]
