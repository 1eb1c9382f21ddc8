"""The page of addresses that letters of ours came back from."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from config.web import Request
from mailbox import bad_addresses as bad
from mailbox.models import BadAddress

CLEARS = "mailbox.delete_badaddress"
LONGEST_PART = 200


@require_safe
@permission_required("mailbox.view_email", raise_exception=True)
def bad_addresses(request: Request) -> HttpResponse:
    """The list, the newest first; `q` is a part of an address, `after` the key of the row before."""
    now = timezone.now()
    after = request.GET.get("after", "")
    part = " ".join(request.GET.get("q", "").replace("\0", "").split())[:LONGEST_PART]
    key = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else None
    page = bad.page(now, part=part, after=key)
    context = {
        "rows": [(each, bad.until(each)) for each in page.rows],
        "next": page.after,
        "after": after,
        "part": part,
        "now": now,
        "may_clear": request.user.has_perm(CLEARS),
    }
    return render(request, "mailbox/bad_addresses.html", context)


@require_POST
@permission_required(CLEARS, raise_exception=True)
def clear(request: Request, pk: int) -> HttpResponse:
    """It works again. Saying so twice is harmless."""
    row = BadAddress.objects.filter(pk=pk).first()
    if row:
        bad.clear(row, by=request.user.get_username())
        messages.success(request, _("Letters go to %(address)s again.") % {"address": row.address})
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    return redirect(target if is_ours else reverse("mailbox:bad_addresses"))
