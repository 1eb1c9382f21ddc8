from django.urls import path

from mailbox.views import alarm

app_name = "mailbox"

urlpatterns = [
    path("alarm/", alarm.alarm, name="alarm"),
]
