from django.urls import path

from towers import views

app_name = "towers"

# The pages of poles tell of incidents too: incidents.site_urls has them.
urlpatterns = [
    path("sync/", views.synchronisation, name="sync"),
    path("sync/start/", views.start_sync, name="start_sync"),
    path("complete/", views.complete, name="complete"),
]
