from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config.health import healthz, readyz
from dispatchers.views import administration_door
from incidents import api, live

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("events/", live.events, name="events"),
    path("api/v1/", include("incidents.api")),
    path("api/schema/", api.schema, name="api-schema"),
    path("api/docs/", api.docs, name="api-docs"),
    path("admin/login/", administration_door),
    path("admin/", admin.site.urls),
    path("towers/", include("towers.urls")),
    path("mail/", include("mailbox.urls")),
    path("", include("dispatchers.urls")),
    path("", include("incidents.urls")),
]
