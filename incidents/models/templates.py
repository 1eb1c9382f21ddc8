"""Texts of the desk's own letters that administrators have written over the shipped ones."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

PERSON = settings.AUTH_USER_MODEL


class LetterKind(models.TextChoices):
    """Letters that the desk words by itself."""

    ACCEPTED = "accepted", pgettext_lazy("kind of letter", "accepted")
    HANDED_OVER = "handed_over", pgettext_lazy("kind of letter", "handed over to the contractor")
    CLOSED = "closed", pgettext_lazy("kind of letter", "closed")
    CLOSED_AGAIN = "closed_again", pgettext_lazy("kind of letter", "answer into a closed incident")
    SIGNATURE = "signature", pgettext_lazy("kind of letter", "signature")


class LetterWords(models.Model):
    """What a letter says, in the language of incidents.letter_language."""

    subject = models.TextField(_("subject"), blank=True)
    text = models.TextField(_("text"))
    # Empty: made from the text by the layout that all letters share.
    html = models.TextField("HTML", blank=True)
    # Not used: letters of this scope are worded by the next wider one, at last by the shipped one.
    is_used = models.BooleanField(_("in use"), default=True)

    class Meta:
        abstract = True


class LetterTemplate(LetterWords):
    """The words of one kind of letter for some incidents, as its newest version says. Empty scope: for all."""

    kind = models.CharField(_("letter"), max_length=20, choices=LetterKind)
    operator_group = models.CharField(_("operator group"), max_length=50, blank=True)
    region = models.CharField(_("region"), max_length=200, blank=True)
    contractor = models.ForeignKey(
        "towers.Contractor",
        verbose_name=_("contractor"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="letter_templates",
    )
    # The number of the newest version: who saves names the one he has seen.
    version = models.PositiveIntegerField(default=1)

    class Meta:
        verbose_name = _("letter template")
        verbose_name_plural = _("letter templates")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "operator_group", "region", "contractor"],
                nulls_distinct=False,
                name="letter_template_once_a_scope",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.operator_group} {self.region} {self.contractor_id or ''}".strip()


class LetterTemplateVersion(LetterWords):
    """The words as somebody saved them; never changed."""

    template = models.ForeignKey(LetterTemplate, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("moment"), default=timezone.now)
    why = models.CharField(_("why"), max_length=300, blank=True)
    # The number of the version that was taken back here.
    taken_back = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("version of a letter template")
        verbose_name_plural = _("versions of letter templates")
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["template", "number"], name="letter_template_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.template_id} №{self.number}"
