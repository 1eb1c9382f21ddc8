"""Views: lists that people keep under a name. Everybody has his own; managers and administrators share theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext as _

from incidents.errors import DomainError
from incidents.fields import FIELDS
from incidents.models import SavedView

if TYPE_CHECKING:
    from dispatchers.models import User

SHARING = ("manager", "administrator")
MOST_VIEWS = 50
MOST_QUERY = 4000
# Beside the names of the fields.
NAMES = ("queue", "sort", "from", "to", "closed_from", "closed_to", "q", "cols", "rows", "n")


def visible_to(person: User) -> list[SavedView]:
    """His own and those for everybody; the shared ones first, since they are the same on every desk."""
    views = SavedView.objects.filter(Q(owner=person) | Q(is_shared=True)).select_related("owner")
    return list(views.order_by("-is_shared", "position", "name", "id"))


def may_share(person: User) -> bool:
    return person.role in SHARING


def may_change(person: User, view: SavedView) -> bool:
    """The owner may, and whoever may share may tidy what is shared."""
    return view.owner_id == person.pk or (view.is_shared and may_share(person))


def save(person: User, name: str, query: str, *, is_shared: bool) -> SavedView:
    """Keep the list under this name; a name of one's own that exists gets the new list. Raises DomainError."""
    name, kept = _name(name), understood(query)
    of_this_name = SavedView.objects.filter(owner=person, name=name)
    if not of_this_name.exists() and SavedView.objects.filter(owner=person).count() >= MOST_VIEWS:
        raise DomainError(_("You have %(number)d views; remove one first.") % {"number": MOST_VIEWS})
    facts = {"query": kept, "is_shared": is_shared and may_share(person)}
    return SavedView.objects.update_or_create(owner=person, name=name, defaults=facts)[0]


def change(person: User, view: SavedView, name: str, *, is_shared: bool) -> None:
    """Another name, or another circle of those who see it. Raises DomainError."""
    _must_change(person, view)
    view.name = _name(name)
    if may_share(person):
        view.is_shared = is_shared
    if SavedView.objects.filter(owner=view.owner_id, name=view.name).exclude(pk=view.pk).exists():
        raise DomainError(_("There is a view of this name already."))
    view.save(update_fields=["name", "is_shared"])


def remove(person: User, view: SavedView) -> None:
    """Raises DomainError."""
    _must_change(person, view)
    view.delete()


def same(view: SavedView, address: QueryDict) -> bool:
    """The address shows this view; the order of its words says nothing."""
    return _words(QueryDict(view.query)) == _words(address)


def _words(address: QueryDict) -> Mapping[str, list[str]]:
    return {name: sorted(values) for name, values in address.lists()}


def _must_change(person: User, view: SavedView) -> None:
    if not may_change(person, view):
        raise DomainError(_("This view belongs to %(name)s.") % {"name": view.owner.full_name})


def _name(said: str) -> str:
    name = " ".join(said.replace("\0", "").split())[: SavedView._meta.get_field("name").max_length]
    if not name:
        raise DomainError(_("Give the view a name."))
    return name


def understood(query: str) -> str:
    """Of a query string what the desk knows: no cursor, no open incident, nothing foreign."""
    said, kept = QueryDict(query[:MOST_QUERY]), QueryDict(mutable=True)
    for name in (*FIELDS, *NAMES):
        if values := [value.replace("\0", "") for value in said.getlist(name) if value]:
            kept.setlist(name, values)
    return kept.urlencode()
