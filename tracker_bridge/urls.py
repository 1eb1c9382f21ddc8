"""The addresses under /tracker/."""

from django.urls import path

from tracker_bridge.views import state

app_name = "tracker_bridge"

urlpatterns = [
    path("", state.state, name="state"),
]
