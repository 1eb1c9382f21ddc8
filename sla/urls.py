"""The addresses under /sla/."""

from django.urls import path

from sla.views import calendars, dispute, explain

app_name = "sla"

urlpatterns = [
    path("clocks/<str:code>/", explain.clocks, name="clocks"),
    path("clocks/<str:code>/<str:clock>/", explain.clock, name="clock"),
    path("clocks/<str:code>/<str:clock>/link/", explain.make_link, name="make_link"),
    path("clocks/<str:code>/links/<int:pk>/revoke/", explain.revoke_link, name="revoke_link"),
    path("dispute/<str:token>/", dispute.dispute, name="dispute"),
    path("calendars/", calendars.calendars, name="calendars"),
    path("calendars/new/", calendars.new, name="new_calendar"),
    path("calendars/<slug:key>/", calendars.calendar, name="calendar"),
    path("calendars/<slug:key>/remove/", calendars.remove, name="remove_calendar"),
]
