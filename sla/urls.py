"""The addresses under /sla/."""

from django.urls import path

from sla.views import calendars

app_name = "sla"

urlpatterns = [
    path("calendars/", calendars.calendars, name="calendars"),
    path("calendars/new/", calendars.new, name="new_calendar"),
    path("calendars/<slug:key>/", calendars.calendar, name="calendar"),
    path("calendars/<slug:key>/remove/", calendars.remove, name="remove_calendar"),
]
