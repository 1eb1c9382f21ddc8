"""What an administrator would say of the demo's operators."""

from towers.models import Operator

# The domains their monitoring centres write from, by group.
DOMAINS = {
    "tele2": ["t2.example"],
    "megafon": ["megafon.example"],
    "vimpelcom": ["beeline.example"],
    "mts": ["mts.example"],
}


def give_domains() -> None:
    """Let operators be known by their senders, where nobody has said so yet."""
    for group, domains in DOMAINS.items():
        Operator.objects.filter(group=group, domains=[]).update(domains=domains)
