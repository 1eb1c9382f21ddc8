"""The addresses under /sla/."""

from django.urls import path

from sla.views import calendars, dashboard, dispute, explain, warning_settings, warnings

app_name = "sla"

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("by/<slug:dimension>/", dashboard.table, name="table"),
    path("export.<str:form>", dashboard.export, name="export"),
    path("clocks/<str:code>/", explain.clocks, name="clocks"),
    path("clocks/<str:code>/<str:clock>/", explain.clock, name="clock"),
    path("clocks/<str:code>/<str:clock>/link/", explain.make_link, name="make_link"),
    path("clocks/<str:code>/links/<int:pk>/revoke/", explain.revoke_link, name="revoke_link"),
    path("dispute/<str:token>/", dispute.dispute, name="dispute"),
    path("warnings/", warnings.warnings, name="warnings"),
    path("warnings/mark/", warnings.mark, name="warning_mark"),
    path("warnings/messages/", warnings.messages, name="warning_messages"),
    path("warnings/seen/", warnings.see, name="warnings_seen"),
    path("warnings/settings/", warning_settings.warning_settings, name="warning_settings"),
    path("warnings/settings/connect/", warning_settings.connect, name="warnings_connect"),
    path("warnings/settings/disconnect/", warning_settings.disconnect, name="warnings_disconnect"),
    path("warnings/settings/try/", warning_settings.try_out, name="warnings_try"),
    path("calendars/", calendars.calendars, name="calendars"),
    path("calendars/new/", calendars.new, name="new_calendar"),
    path("calendars/<slug:key>/", calendars.calendar, name="calendar"),
    path("calendars/<slug:key>/remove/", calendars.remove, name="remove_calendar"),
]
