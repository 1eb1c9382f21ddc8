"""The addresses under /sla/."""

from django.urls import path

from sla.views import calendars, dashboard, dispute, explain, rules, trials, warning_settings, warnings, weekly

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
    path("weekly/", weekly.week, name="weekly"),
    path("weekly/letter/", weekly.letter, name="weekly_letter"),
    path("weekly/send/", weekly.send_to_me, name="send_weekly"),
    path("weekly/choose/", weekly.choose, name="choose_weekly"),
    path("rules/", rules.rules, name="rules"),
    path("rules/new/", rules.new, name="new_rule"),
    path("rules/preview/", rules.preview, name="rule_preview"),
    path("rules/following/", rules.following, name="rules_following"),
    path("rules/types/", rules.types, name="rule_types"),
    path("rules/clocks/new/", rules.clock, name="new_rule_clock"),
    path("rules/clocks/<str:key>/", rules.clock, name="rule_clock"),
    path("rules/clocks/<str:key>/remove/", rules.remove_clock, name="remove_rule_clock"),
    path("rules/history/", rules.history, name="rule_history"),
    path("rules/history/<int:number>/", rules.version, name="rule_version"),
    path("rules/history/<int:number>/bring-back/", rules.bring_back, name="bring_back_rules"),
    path("rules/trials/<int:pk>/", trials.trial, name="trial"),
    path("rules/trials/<int:pk>/state/", trials.state, name="trial_state"),
    path("rules/trials/<int:pk>/save/", trials.save, name="save_trial"),
    path("rules/<int:number>/", rules.rule, name="rule"),
    path("rules/<int:number>/remove/", rules.remove, name="remove_rule"),
    path("rules/<int:number>/earlier/", rules.earlier, name="earlier_rule"),
]
