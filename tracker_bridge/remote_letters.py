"""Letters that the tracker sends out of an issue itself: it shows them already, and is not told of them again.

They come here by a copy to the desk's mailbox and by the code in their subject. Nothing but their words and their
moment says which comment is which letter.
"""

from __future__ import annotations

from datetime import timedelta

from mailbox.models import Email, Outgoing
from tracker_bridge.models import IssueLink, MirroredComment
from tracker_bridge.protocol import RemoteComment, RemoteRef, TrackerBackend

# Between the comment and the letter's arrival, clocks that differ included.
APART = timedelta(hours=2)
COMPARED = 300


def is_shown(backend: TrackerBackend, link: IssueLink, email: Email) -> bool:
    """Whether a comment over there is this letter already; remembered, so that no other letter is taken for it."""
    if email.direction != Email.Direction.OUT or Outgoing.objects.filter(email=email).exists():
        return False
    known = MirroredComment.objects.filter(link=link).exclude(email=None)
    taken = set(known.values_list("remote_id", flat=True))
    for comment in backend.comments(RemoteRef(link.remote_id, link.key, link.url)):
        if comment.id not in taken and _is(comment, email):
            facts = {"email": email, "version": comment.version}
            MirroredComment.objects.update_or_create(link=link, remote_id=comment.id, defaults=facts)
            return True
    return False


def _is(comment: RemoteComment, email: Email) -> bool:
    words = _letters_of(comment.text)[:COMPARED]
    is_near = abs(comment.created_at - email.received_at) <= APART
    return comment.is_letter and is_near and bool(words) and words in _letters_of(email.text)


def _letters_of(text: str) -> str:
    """Without what markup and mail programs change."""
    return "".join(each for each in text.casefold() if each.isalnum())
