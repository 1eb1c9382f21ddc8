from django.urls import path

from dispatchers import views

app_name = "dispatchers"

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("language/", views.set_language, name="language"),
    path("theme/", views.set_theme, name="theme"),
    path("shift/", views.shift, name="shift"),
]
