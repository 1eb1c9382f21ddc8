"""The people of the demo: one login for each role, and colleagues so that work has whom to go to."""

import secrets
from pathlib import Path

from config.embedded.paths import logins_file
from demo.places import write_private
from dispatchers.models import User
from dispatchers.roles import Role

# Login, first name, surname, on shift. The logins of the roles are the roles' names.
LOGINS = {
    Role.ADMINISTRATOR: ("Анна", "Вересова"),
    Role.MANAGER: ("Игорь", "Славутин"),
    Role.DISPATCHER: ("Мария", "Огнева"),
    Role.OBSERVER: ("Павел", "Тихвинский"),
}
COLLEAGUES = (
    ("a.berestov", "Артём", "Берестов", True),
    ("e.kurganova", "Елена", "Курганова", True),
    ("d.yasenev", "Денис", "Ясенев", True),
    ("o.rucheva", "Ольга", "Ручьёва", True),
    ("s.polyanin", "Степан", "Полянин", True),
    ("n.zimina", "Надежда", "Зимина", False),
)
# No letters and digits that look alike on paper.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def employ(var: Path) -> None:
    """Create who is missing. The file of logins decides the passwords of the four roles."""
    passwords = _passwords(var)
    for role, (first, last) in LOGINS.items():
        person = _person(role.value, role, first, last, on_shift=role == Role.DISPATCHER)
        if not person.check_password(passwords[role.value]):
            person.set_password(passwords[role.value])
            person.save()
    for login, first, last, on_shift in COLLEAGUES:
        _person(login, Role.DISPATCHER, first, last, on_shift=on_shift)


def _person(login: str, role: Role, first: str, last: str, *, on_shift: bool) -> User:
    person: User
    person, created = User.objects.get_or_create(
        username=login,
        defaults={
            "role": role,
            "first_name": first,
            "last_name": last,
            "email": address(login),
            "on_shift": on_shift,
        },
    )
    if created:
        person.set_unusable_password()
        person.save()
    return person


def address(login: str) -> str:
    return f"{login}@towers.example"


def _passwords(var: Path) -> dict[str, str]:
    """Login → password, from the file; a file that is missing or short is written anew."""
    file = logins_file(var)
    lines = file.read_text().splitlines() if file.exists() else []
    known = dict(line.split(" / ", 1) for line in lines if " / " in line)
    wanted = {role.value: known.get(role.value) or _new_password() for role in LOGINS}
    if wanted != known:
        write_private(file, "".join(f"{login} / {password}\n" for login, password in wanted.items()))
    return wanted


def _new_password() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(12))
