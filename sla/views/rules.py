"""The pages where administrators change the rules for clocks; nothing is in force before it was tried."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from config.web import Request
from incidents.errors import DomainError
from sla import changing, clocks, rule_deeds, rule_differences, rule_forms, rule_rows, trials
from sla.models import PolicyVersion, Recomputation, Trial
from sla.policy import Policy
from sla.rule_forms import ClockForm, RuleForm, TypesForm
from sla.rule_words import Names, say

keeps_rules = permission_required(changing.MAY_CHANGE, raise_exception=True)


@require_safe
@keeps_rules
def rules(request: Request) -> HttpResponse:
    """Every clock with its rules, as sentences."""
    version = changing.newest()
    context = {
        "version": version,
        "why": rule_rows.why(version),
        "sections": rule_rows.sections(version.document),
        "times": rule_rows.times(version.document),
        "following": _following(),
    }
    return render(request, "sla/rules.html", context)


@require_safe
@keeps_rules
def following(request: Request) -> HttpResponse:
    """How far the open incidents have come to the newest rules."""
    return render(request, "sla/rules_following.html", {"following": _following()})


def _following() -> Recomputation | None:
    return Recomputation.objects.filter(finished_at=None, passed_at=None).order_by("-pk").first()


@require_http_methods(["GET", "HEAD", "POST"])
@keeps_rules
def new(request: Request) -> HttpResponse:
    """A rule that is not there yet."""
    return _editor(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@keeps_rules
def rule(request: Request, number: int) -> HttpResponse:
    """A rule by its number in the newest version."""
    return _editor(request, number)


def _editor(request: Request, number: int | None) -> HttpResponse:
    version = changing.newest()
    if request.method == "POST":
        return _change(request, version, number)
    typed = _typed(request)
    if number and number > len(version.document["rules"]):
        raise Http404
    row = version.document["rules"][number - 1] if number else None
    clock = request.GET.get("clock", clocks.INCIDENT)
    initial = rule_forms.opened(typed or row, version.number, clock)
    return _drawn(request, version, number, RuleForm(initial=initial, document=version.document))


def _typed(request: Request) -> dict[str, Any] | None:
    """The rule as it was tried, for whoever comes back from what it would change."""
    trial = _tried(request)
    if trial is None:
        return None
    base = PolicyVersion.objects.get(number=trial.based_on).document["rules"]
    return next((row for row in trial.document["rules"] if row not in base), None)


def _tried(request: Request) -> Trial | None:
    number = request.GET.get("trial", "")
    is_number = number.isascii() and number.isdecimal() and len(number) < 10
    return Trial.objects.filter(pk=number).first() if is_number else None


def _change(request: Request, version: PolicyVersion, number: int | None) -> HttpResponse:
    form = RuleForm(request.POST, document=version.document)
    if not form.is_valid():
        return _drawn(request, version, number, form, status=422)
    if form.cleaned_data["seen"] != version.number:
        return _late(request, version, number, form)
    if number and number > len(version.document["rules"]):
        raise Http404
    document = rule_deeds.with_rule(version.document, form.row, number)
    back = reverse("sla:rule", args=[number]) if number else reverse("sla:new_rule")
    try:
        return _try(request, version, document, back, why=form.row["name"])
    except changing.ChangedMeanwhile:
        return _late(request, changing.newest(), number, form)
    except changing.Refused as refusal:
        for wrong in refusal.problems:
            form.add_error(None, wrong)
        return _drawn(request, version, number, form, status=422)


def _late(request: Request, version: PolicyVersion, number: int | None, form: RuleForm) -> HttpResponse:
    """Somebody has saved other rules: the text stays, and goes to the rule's new place if it is sent once more."""
    seen = PolicyVersion.objects.filter(number=form.cleaned_data["seen"]).first()
    before = seen.document if seen else version.document
    _seen(form, request, version)
    form.add_error(None, changing.ChangedMeanwhile(version).user_message)
    if number and number <= len(before["rules"]):
        row = before["rules"][number - 1]
        place = rule_deeds.place_of(row, version.document)
        if place is None:
            form.add_error(None, _("This rule itself was changed or deleted. Sent once more, yours is added."))
        number = place
    conflict = rule_differences.between(before, version.document)
    return _drawn(request, version, number, form, conflict=conflict, status=409)


def _sent(request: Request) -> QueryDict | None:
    """What a form was sent with, be it nothing at all."""
    return request.POST if request.method == "POST" else None


def _seen(form: forms.Form, request: Request, version: PolicyVersion) -> None:
    """Sent once more, the form is a change of this version."""
    data = request.POST.copy()
    data["seen"] = str(version.number)
    form.data = data


def _try(request: Request, version: PolicyVersion, document: Any, back: str, why: str = "") -> HttpResponse:
    if not rule_differences.between(version.document, document):
        messages.info(request, _("That is what the rules say already."))
        return redirect("sla:rules")
    trial = trials.start(
        document, by=request.user, now=timezone.now(), based_on=version.number, back=back, why=why
    )  # fmt: skip
    return redirect("sla:trial", trial.pk)


def _drawn(
    request: Request,
    version: PolicyVersion,
    number: int | None,
    form: RuleForm,
    *,
    conflict: Any = (),
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "number": number,
        "version": version,
        "conflict": conflict,
        "action": reverse("sla:rule", args=[number]) if number else reverse("sla:new_rule"),
        "said": _said(version.document, version.document["rules"][number - 1]) if number else None,
    }
    return render(request, "sla/rules_form.html", context, status=status)


def _said(document: Any, row: Any) -> Any:
    policy = Policy(0, {**document, "rules": [row]})
    return say(policy.lines[0], Names((policy.document,)))


@require_POST
@keeps_rules
def preview(request: Request) -> HttpResponse:
    """How the rule in the form reads, and what is wrong with it."""
    version = changing.newest()
    form = RuleForm(request.POST, document=version.document)
    said, wrong = None, []
    if form.is_valid():
        typed = request.POST.get("number", "")
        number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 5 else None
        if number is not None and not 0 < number <= len(version.document["rules"]):
            number = None
        document = rule_deeds.with_rule(version.document, form.row, number)
        said, wrong = _said(version.document, form.row), changing.new_problems(document, version.document)
    return render(request, "sla/rules_preview.html", {"said": said, "wrong": wrong, "form": form})


@require_POST
@keeps_rules
def remove(request: Request, number: int) -> HttpResponse:
    return _deed(request, lambda document: rule_deeds.without_rule(document, number), number)


@require_POST
@keeps_rules
def earlier(request: Request, number: int) -> HttpResponse:
    """The rule one place up among those of its clock."""
    return _deed(request, lambda document: rule_deeds.earlier(document, number), number)


def _deed(request: Request, do: Any, number: int | None = None) -> HttpResponse:
    """A deed by one button on the version that the page showed."""
    version = changing.newest()
    if request.POST.get("seen") != str(version.number):
        messages.error(request, changing.ChangedMeanwhile(version).user_message)
        return redirect("sla:rules")
    if number and not 0 < number <= len(version.document["rules"]):
        raise Http404
    try:
        return _try(request, version, do(version.document), reverse("sla:rules"))
    except DomainError as refusal:
        messages.error(request, refusal.user_message)
        return redirect("sla:rules")


@require_http_methods(["GET", "HEAD", "POST"])
@keeps_rules
def types(request: Request) -> HttpResponse:
    """How long each type of incident allows."""
    version = changing.newest()
    said = _tried(request)
    document = said.document if said else version.document
    form = TypesForm(_sent(request), document=document, initial={"seen": version.number})
    if request.method == "POST" and form.is_valid():
        seen = PolicyVersion.objects.filter(number=form.cleaned_data["seen"]).first() or version
        changed = {key: each for key, each in form.minutes.items() if seen.document["types"].get(key) != each}
        there = rule_deeds.with_types(version.document, changed)
        return _send(request, version, there, form, reverse("sla:rule_types"), "sla/rules_types.html")
    return render(request, "sla/rules_types.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@keeps_rules
def clock(request: Request, key: str = "") -> HttpResponse:
    """A clock of the customer's own; without a key a new one."""
    version = changing.newest()
    own = version.document.get("clocks", {})
    if key and key not in own:
        raise Http404
    said = _tried(request)
    typed = {**own, **(said.document.get("clocks", {}) if said else {})}
    row = typed.get(key or (rule_deeds.new_clock(said.based_on) if said else ""), {})
    initial = {**row, "seen": version.number}
    form = ClockForm(_sent(request), initial=initial)
    context = {"form": form, "key": key, "is_used": any(each["clock"] == key for each in version.document["rules"])}
    if request.method == "POST" and form.is_valid():
        there = rule_deeds.with_clock(version.document, key or rule_deeds.new_clock(version.number), form.row)
        back = reverse("sla:rule_clock", args=[key]) if key else reverse("sla:new_rule_clock")
        return _send(request, version, there, form, back, "sla/rules_clock.html", context)
    return render(request, "sla/rules_clock.html", context, status=422 if form.errors else 200)


def _send(
    request: Request,
    version: PolicyVersion,
    document: Any,
    form: forms.Form,
    back: str,
    template: str,
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    try:
        if form.cleaned_data["seen"] != version.number:
            _seen(form, request, version)
            raise changing.ChangedMeanwhile(version)
        return _try(request, version, document, back)
    except DomainError as refusal:
        form.add_error(None, refusal.user_message)
    return render(request, template, {**(context or {}), "form": form}, status=409)


@require_POST
@keeps_rules
def remove_clock(request: Request, key: str) -> HttpResponse:
    return _deed(request, lambda document: rule_deeds.without_clock(document, key))


@require_safe
@keeps_rules
def history(request: Request) -> HttpResponse:
    """Every version with who made it, when, why, and what it changed."""
    typed = request.GET.get("before", "")
    changes, after = rule_rows.history(int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 9 else None)
    context = {"changes": changes, "next": after, "newest": changing.newest().number}
    return render(request, "sla/rules_history.html", context)


@require_safe
@keeps_rules
def version(request: Request, number: int) -> HttpResponse:
    """The rules as they were in one version."""
    row = get_object_or_404(PolicyVersion.objects.select_related("by"), number=number)
    context = {
        "version": row,
        "why": rule_rows.why(row),
        "sections": rule_rows.sections(row.document),
        "times": rule_rows.times(row.document),
        "newest": changing.newest().number,
    }
    return render(request, "sla/rules_version.html", context)


@require_POST
@keeps_rules
def bring_back(request: Request, number: int) -> HttpResponse:
    """The rules of an earlier version once more, tried like any other change; types added since keep their times."""
    row = get_object_or_404(PolicyVersion, number=number)
    newest = changing.newest()
    document = {**row.document, "types": {**newest.document["types"], **row.document["types"]}}
    back = reverse("sla:rule_version", args=[number])
    try:
        return _try(request, newest, document, back, why=_("Version %(n)d again") % {"n": number})
    except DomainError as refusal:
        messages.error(request, refusal.user_message)
        return redirect("sla:rule_history")
