from django.urls import path

from mailbox.views import alarm, connect, mailboxes, rules

app_name = "mailbox"

urlpatterns = [
    path("", mailboxes.mailboxes, name="mailboxes"),
    path("alarm/", alarm.alarm, name="alarm"),
    path("connect/", connect.connect, name="connect"),
    path("rules/", rules.rules, name="rules"),
    path("rules/touched/", rules.touched, name="touched"),
    path("rules/<int:pk>/", rules.change, name="change_rule"),
    path("rules/<int:pk>/remove/", rules.remove, name="remove_rule"),
    path("test-alert/", mailboxes.test_alert, name="test_alert"),
    path("<int:pk>/", connect.change, name="change"),
    path("<int:pk>/older/", mailboxes.older, name="older"),
    path("<int:pk>/remove/", mailboxes.remove, name="remove"),
    path("<int:pk>/resume/", mailboxes.resume, name="resume"),
    path("folders/<int:pk>/look/", mailboxes.look, name="look"),
    path("folders/<int:pk>/watch/", mailboxes.watch, name="watch"),
]
