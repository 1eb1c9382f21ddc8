"""Which issue is which incident, and which comment is which letter or note."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from incidents.models import Comment, Incident
from mailbox.models import Email


class IssueLink(models.Model):
    """One incident and its issue.

    `snapshot` is what each side said when they last agreed, {"ours": {…}, "theirs": {…}}: the base of every merge.
    Both are kept, since a tracker may trim or cut what it is given.
    """

    class State(models.TextChoices):
        LINKED = "linked", _("mirrored")
        MISSING = "missing", _("the issue is gone")
        LEFT = "left", _("moved to another queue")
        FROZEN = "frozen", _("the issue takes no more changes")

    backend = models.CharField(max_length=30)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="issue_links")
    remote_id = models.CharField(max_length=100)
    key = models.CharField(_("key"), max_length=100)
    url = models.URLField(max_length=500)
    state = models.CharField(max_length=10, choices=State, default=State.LINKED)
    said = models.TextField(blank=True)
    version = models.CharField(max_length=50)
    snapshot = models.JSONField(default=dict)
    # Values that the tracker will not take, by field: not tried again until they are others.
    refused = models.JSONField(default=dict, blank=True)
    # Fields that both sides kept changing back, and until when they are left alone.
    frozen = models.JSONField(default=dict, blank=True)
    # Words of what was wrong with a value over there, by field, until it is put right: the incident is in error for it.
    wrong = models.JSONField(default=dict, blank=True)
    # The tracker's own clock: when the issue last changed, as far as we have read it.
    changed_at = models.DateTimeField()
    # Issues and comments have a limited number of changes over there.
    writes = models.PositiveIntegerField(default=0)
    comment_count = models.PositiveIntegerField(default=0)
    # The issue was made by a person over there; else by us.
    is_by_hand = models.BooleanField(default=False)
    # A person has chosen to go on in a new issue.
    is_left_behind = models.BooleanField(default=False)
    linked_at = models.DateTimeField()
    # Letters and notes from before stand in the issue already: the predecessor has written them. Empty: all are told.
    told_from = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("linked issue")
        verbose_name_plural = _("linked issues")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["backend", "remote_id"], name="issue_linked_once"),
            # One that goes on in a new issue keeps the old one.
            models.UniqueConstraint(
                fields=["backend", "incident"], condition=Q(is_left_behind=False), name="incident_linked_once"
            ),
        ]
        indexes: ClassVar = [
            # The few that come near what one issue takes, see tracker_bridge.budget.
            models.Index(
                fields=["backend", "id"],
                condition=Q(writes__gte=9090) | Q(comment_count__gte=900),
                name="issue_near_limit",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class MirroredComment(models.Model):
    """A comment over there and what it is here: a letter or note of ours, or a note made from it."""

    link = models.ForeignKey(IssueLink, on_delete=models.CASCADE, related_name="comments")
    # Under which key we wrote it; empty where it came from there.
    idem = models.CharField(max_length=100, blank=True)
    remote_id = models.CharField(max_length=100)
    version = models.CharField(max_length=50, blank=True)
    email = models.ForeignKey(Email, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    comment = models.ForeignKey(Comment, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    text_hash = models.CharField(max_length=64)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["link", "remote_id"], name="comment_mirrored_once"),
            models.UniqueConstraint(fields=["link", "idem"], condition=~Q(idem=""), name="comment_written_once"),
        ]

    def __str__(self) -> str:
        return f"{self.link_id} {self.remote_id}"
