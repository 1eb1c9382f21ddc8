"""What the clock found when it compared the ledger of letters with the incidents and the letters themselves."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class LedgerCheck(models.Model):
    """One kind of disagreement (incidents.ledger.checks) among the letters of the days before: how many, as of when.

    Pages ask anew only about letters since `until`; the days before would cost them seconds.
    """

    kind = models.CharField(max_length=20, unique=True)
    number = models.PositiveIntegerField(_("number"))
    at = models.DateTimeField(_("moment"))
    # Letters received before this moment were compared.
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("check of the ledger")
        verbose_name_plural = _("checks of the ledger")

    def __str__(self) -> str:
        return f"{self.kind}: {self.number}"
