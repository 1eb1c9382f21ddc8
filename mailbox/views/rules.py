"""The page of senders' rules: who opens incidents even with automatic letters, and who never does."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.web import Request
from mailbox import rules as deciding
from mailbox.models import SenderRule
from mailbox.rule_forms import RuleForm, sender_of
from mailbox.rules import Touched

RULES_ON_A_PAGE = 100
changes_rules = permission_required("mailbox.change_senderrule", raise_exception=True)


@dataclass(frozen=True, slots=True)
class Row:
    """A rule with what it decided lately; `form` where it is being changed."""

    rule: SenderRule
    touched: Touched
    form: RuleForm | None = None


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("mailbox.view_email", raise_exception=True)
def rules(request: Request) -> HttpResponse:
    """The list by sender, `after` the last one of the page before; POST adds a rule."""
    if request.method == "POST":
        return _add(request)
    return _page(request, RuleForm())


@changes_rules
def _add(request: Request) -> HttpResponse:
    return _save(request, RuleForm(request.POST), SenderRule(author=request.user))


@require_http_methods(["GET", "HEAD", "POST"])
@changes_rules
def change(request: Request, pk: int) -> HttpResponse:
    """The list with one rule open; POST changes it."""
    rule = get_object_or_404(SenderRule, pk=pk)
    if request.method == "POST":
        return _save(request, RuleForm(request.POST, rule=rule), rule)
    return _page(request, RuleForm(), RuleForm(rule=rule))


@require_POST
@changes_rules
def remove(request: Request, pk: int) -> HttpResponse:
    """Letters of this sender are treated as anybody's again. Removing twice is harmless."""
    rule = SenderRule.objects.filter(pk=pk).first()
    if rule:
        rule.delete()
        messages.success(request, _("The rule for %(sender)s is removed.") % {"sender": rule.sender})
    return redirect("mailbox:rules")


@require_safe
@changes_rules
def touched(request: Request) -> HttpResponse:
    """While a sender is typed: which letters of the last month a rule about it would have decided."""
    sender = sender_of(request.GET.get("sender", "")[:400])
    found = deciding.touched([sender], timezone.now())[sender] if sender else None
    return render(request, "mailbox/rules_touched.html", {"touched": found, "sender": sender})


def _save(request: Request, form: RuleForm, rule: SenderRule) -> HttpResponse:
    is_new = rule.pk is None
    if form.is_valid():
        for name, value in form.cleaned_data.items():
            setattr(rule, name, value)
        try:
            with transaction.atomic():
                rule.save()
        except IntegrityError:
            form.add_error("sender", _("Somebody has just made a rule for this sender."))
        else:
            said = _("The rule for %(sender)s is in force.") % {"sender": rule.sender}
            messages.success(request, said)
            return redirect("mailbox:rules")
    page = _page(request, form) if is_new else _page(request, RuleForm(), form)
    page.status_code = 422
    return page


def _page(request: Request, new: RuleForm, changing: RuleForm | None = None) -> HttpResponse:
    after = request.GET.get("after", "")
    found = SenderRule.objects.select_related("author").order_by("sender")
    listed = list((found.filter(sender__gt=after) if after else found)[: RULES_ON_A_PAGE + 1])
    if changing and changing.rule not in listed[:RULES_ON_A_PAGE]:
        # Of a long list the page that begins with it.
        listed = list(found.filter(sender__gte=changing.initial["sender"])[: RULES_ON_A_PAGE + 1])
    shown, more = listed[:RULES_ON_A_PAGE], len(listed) > RULES_ON_A_PAGE
    counts = deciding.touched([rule.sender for rule in shown], timezone.now()) if shown else {}
    rows = [Row(rule, counts[rule.sender], changing if changing and changing.rule == rule else None) for rule in shown]
    context = {
        "rows": rows,
        "new": new,
        "changing": changing,
        "after": after,
        "next": shown[-1].sender if more else "",
        "may_change": request.user.has_perm("mailbox.change_senderrule"),
    }
    return render(request, "mailbox/rules.html", context)
