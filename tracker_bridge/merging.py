"""Three-way merge of an incident and its issue. Pure: values in, decisions out.

A side has changed a field if it says something else than when both last agreed; a field that they never agreed on has
changed on both. One side changed: its value goes to the other, unless the field belongs to the other, which then puts
its own back. Both changed: the owner wins. Both say the same: agreed, whoever said it first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from tracker_bridge.fields import Owner
from tracker_bridge.protocol import Value

Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Base:
    """What each side said when they last agreed."""

    ours: Values = field(default_factory=dict)
    theirs: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dispute:
    """A field where somebody's change was not kept."""

    name: str
    base: Value
    ours: Value
    theirs: Value
    winner: Owner


@dataclass(frozen=True, slots=True)
class Merged:
    """`push`: what we have to write over there; `take`: what the incident takes over; `agreed`: the new base."""

    push: dict[str, Value]
    take: dict[str, Value]
    disputes: tuple[Dispute, ...]
    agreed: Base


def merge(
    base: Base, ours: Values, theirs: Values, owners: Mapping[str, Owner], frozen: Collection[str] = ()
) -> Merged:
    """Only fields that both sides have, by `ours`, are looked at; a frozen one stays as it is on both."""
    push: dict[str, Value] = {}
    take: dict[str, Value] = {}
    disputes = []
    agreed_ours, agreed_theirs = dict(base.ours), dict(base.theirs)
    for name, our in ours.items():
        their = theirs.get(name)
        if name in frozen:
            continue
        if our == their:
            agreed_ours[name], agreed_theirs[name] = our, their
            continue
        we_did = name not in base.ours or base.ours[name] != our
        they_did = name not in base.theirs or base.theirs[name] != their
        owner = owners[name]
        if not we_did and not they_did:
            # They keep our value in a form of their own.
            continue
        if they_did and (we_did or owner is Owner.DISPATCH) and not _is_first(base, name, our, their):
            disputes.append(Dispute(name, base.ours.get(name), our, their, owner))
        if they_did and owner is Owner.TRACKER and not (name not in base.theirs and their is None):
            take[name] = their
            agreed_theirs[name] = their
        else:
            push[name] = our
            if they_did:
                agreed_theirs[name] = their
    return Merged(push, take, tuple(disputes), Base(agreed_ours, agreed_theirs))


def with_echoes(base: Base, sent: Mapping[str, Collection[Value]], theirs: Values) -> Base:
    """The base, if what they say now is what we wrote ourselves: they have not changed it, though no answer came."""
    ours, said = dict(base.ours), dict(base.theirs)
    for name, values in sent.items():
        if name in theirs and theirs[name] in values and said.get(name) != theirs[name]:
            ours[name] = said[name] = theirs[name]
    return Base(ours, said)


def _is_first(base: Base, name: str, our: Value, their: Value) -> bool:
    """The first meeting of both sides, where one has nothing to say: nobody's change is lost."""
    return name not in base.ours and name not in base.theirs and (our is None or their is None)
