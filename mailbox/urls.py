from django.urls import path

from mailbox.views import accounts, alarm, bad_addresses, connect, mailboxes, rules

app_name = "mailbox"

urlpatterns = [
    path("", mailboxes.mailboxes, name="mailboxes"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/add/", accounts.add, name="add_account"),
    path("accounts/<int:pk>/", accounts.change, name="change_account"),
    path("accounts/<int:pk>/remove/", accounts.remove, name="remove_account"),
    path("accounts/<int:pk>/use/", accounts.use, name="use_account"),
    path("accounts/<int:pk>/test/", accounts.send_test, name="test_account"),
    path("accounts/<int:pk>/resume/", accounts.resume, name="resume_account"),
    path("bad-addresses/", bad_addresses.bad_addresses, name="bad_addresses"),
    path("bad-addresses/<int:pk>/clear/", bad_addresses.clear, name="clear_address"),
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
