"""What an administrator types about a sender, turned into a rule's values."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from mailbox import inbox
from mailbox.models import SenderRule

_DOMAIN = re.compile(r"@[\w-]+(?:\.[\w-]+)+")
_ADDRESS = re.compile(r"[^\s@,;<>\"]+" + _DOMAIN.pattern)


def sender_of(typed: str) -> str:
    """What was typed or pasted as a rule spells it: "Name <A@B>" is "a@b", "b.example" is "@b.example"; else ""."""
    bare = typed.strip().lower()
    address = parseaddr(bare)[1] if "<" in bare else bare
    sender = address if "@" in address else f"@{address}"
    return sender if _ADDRESS.fullmatch(sender) or _DOMAIN.fullmatch(sender) else ""


class RuleForm(forms.Form):
    """One rule. `rule` is the one that is being changed."""

    sender = forms.CharField(
        label=_("Sender"),
        max_length=400,
        error_messages={"required": _("Write an address or a domain.")},
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false"}),
    )
    action = forms.ChoiceField(
        label=_("Its letters"),
        choices=SenderRule.Action,
        error_messages={"required": _("Choose what its letters may cause.")},
        widget=forms.RadioSelect(attrs={"class": "form-check-input"}),
    )
    note = forms.CharField(
        label=_("Note for colleagues"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, rule: SenderRule | None = None, **kwargs: Any) -> None:
        if rule:
            kwargs["initial"] = {"sender": rule.sender, "action": rule.action, "note": rule.note}
        super().__init__(*args, **kwargs)
        self.rule = rule

    def clean_sender(self) -> str:
        sender = sender_of(self.cleaned_data["sender"])
        if not sender or len(sender) > 320:
            raise ValidationError(_("Write an address such as robot@operator.ru, or a domain such as @operator.ru."))
        if inbox.is_ours(sender):
            raise ValidationError(_("This is the desk itself: its own letters never open incidents."))
        same = SenderRule.objects.filter(sender=sender)
        if (same.exclude(pk=self.rule.pk) if self.rule else same).exists():
            raise ValidationError(
                _("There is a rule for %(sender)s already. Change that one."), params={"sender": sender}
            )
        return sender
