"""The addresses under /tracker/."""

from django.urls import path

from tracker_bridge.views import card, conflicts, connect, hint, jobs, state

app_name = "tracker_bridge"

urlpatterns = [
    path("", state.state, name="state"),
    path("switch/", state.switch, name="switch"),
    path("check/", state.check, name="check"),
    path("ask/", state.ask, name="ask"),
    path("jobs/", jobs.jobs, name="jobs"),
    path("jobs/act/", jobs.act, name="act"),
    path("dead/", jobs.dead, name="dead"),
    path("conflicts/", conflicts.conflicts, name="conflicts"),
    path("connect/", connect.connect, name="connect"),
    path("connect/start/", connect.start, name="connect_start"),
    path("connect/back/", connect.back, name="connect_back"),
    path("connect/code/", connect.code, name="connect_code"),
    path("connect/paste/", connect.paste, name="connect_paste"),
    path("connect/look/", connect.look, name="connect_look"),
    path("connect/renew/", connect.renew, name="connect_renew"),
    path("connect/forget/", connect.forget, name="connect_forget"),
    path("hint/", hint.hint, name="hint"),
    path("of/<str:code>/", card.line, name="card_line"),
]
