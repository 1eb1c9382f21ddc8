"""Who of ours is who over there."""

from __future__ import annotations

from collections.abc import Sequence

from dispatchers.models import User
from tracker_bridge.models import TrackerPerson
from tracker_bridge.protocol import RemotePerson


def logins(backend: str) -> dict[int, str]:
    """Login over there by the key of our user."""
    return dict(TrackerPerson.objects.filter(backend=backend).values_list("user", "login"))


def user(backend: str, login: str) -> User | None:
    """Our user with this login over there, if he may still work here."""
    found = TrackerPerson.objects.filter(backend=backend, login=login, user__is_active=True).select_related("user")
    person = found.first()
    return person.user if person else None


def name(backend: str, login: str) -> str:
    """How people here know whoever has this login over there."""
    found = TrackerPerson.objects.filter(backend=backend, login=login).select_related("user").first()
    return found.user.full_name if found else login


def meet(backend: str, there: Sequence[RemotePerson]) -> int:
    """Find people by the same e-mail, else by the same login; what was named by hand stays. Returns how many."""
    by_email = {person.email.lower(): person.login for person in there if person.email}
    by_login = {person.login.lower(): person.login for person in there}
    fixed = dict(TrackerPerson.objects.filter(backend=backend, is_fixed=True).values_list("user", "login"))
    taken, found = set(fixed.values()), {}
    for ours in User.objects.filter(is_active=True).exclude(pk__in=fixed).order_by("pk"):
        login = by_email.get(ours.email.lower()) if ours.email else None
        login = login or by_login.get(ours.username.lower())
        if login and login not in taken:
            taken.add(login)
            found[ours.pk] = login
    known = logins(backend)
    if {pk: login for pk, login in known.items() if pk not in fixed} != found:
        TrackerPerson.objects.filter(backend=backend, is_fixed=False).delete()
        TrackerPerson.objects.bulk_create(
            TrackerPerson(backend=backend, user_id=pk, login=login) for pk, login in found.items()
        )
    return len(found)
