import pytest

from dispatchers import first_administrator
from dispatchers.models import User

pytestmark = pytest.mark.django_db


def test_the_administrator_of_the_environment_can_sign_in(settings, client):
    settings.ADMIN_USERNAME, settings.ADMIN_EMAIL, settings.ADMIN_PASSWORD = (
        "admin",
        "a@towers.example",
        "secret-secret",
    )
    first_administrator.create()
    assert client.login(username="admin", password="secret-secret")
    assert User.objects.get(username="admin").role == "administrator"


def test_an_account_that_exists_keeps_its_password(settings, client):
    User.objects.create_user("admin", password="changed-since")
    settings.ADMIN_USERNAME, settings.ADMIN_PASSWORD = "admin", "from-the-environment"
    first_administrator.create()
    assert client.login(username="admin", password="changed-since")


def test_without_a_password_nobody_is_made(settings):
    settings.ADMIN_USERNAME, settings.ADMIN_PASSWORD = "admin", ""
    first_administrator.create()
    assert not User.objects.exists()
