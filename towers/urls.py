from django.urls import path

from towers import views

app_name = "towers"

urlpatterns = [
    path("", views.poles, name="poles"),
    path("sync/", views.synchronisation, name="sync"),
    path("sync/start/", views.start_sync, name="start_sync"),
    path("complete/", views.complete, name="complete"),
    # The registry has codes with a slash inside.
    path("<path:code>/", views.pole, name="pole"),
]
