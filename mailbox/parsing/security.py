"""How a letter is protected: signed, encrypted or not at all. Nothing is checked or decrypted here."""

from mailbox.parsing.mime import Part
from mailbox.parsing.smime import is_cms, protection

# Long enough for the head of a CMS object.
_BEGINNING = 256
_PGP = {"-----BEGIN PGP MESSAGE-----": "encrypted", "-----BEGIN PGP SIGNED MESSAGE-----": "signed"}
_SIGNATURES = ("pkcs7-signature", "pgp-signature")


def security_of(root: Part, text: str) -> str:
    """ "encrypted" when any part is, else "signed" when any part is, else ""."""
    found = {_of_part(part) for part in root.walk()} | {kind for mark, kind in _PGP.items() if _begins_line(text, mark)}
    return "encrypted" if "encrypted" in found else "signed" if "signed" in found else ""


def _of_part(part: Part) -> str:
    if part.kind == "multipart/encrypted":
        return "encrypted"
    if part.kind == "multipart/signed":
        protocol = part.content_type.params.get("protocol", "").lower()
        kinds = [protocol, *(child.kind for child in part.children)]
        return "signed" if any(kind.endswith(_SIGNATURES) for kind in kinds) else ""
    if is_cms(part.kind, part.content_type.params.get("name", "")):
        declared = part.content_type.params.get("smime-type", "").lower()
        return protection(part.body.head(_BEGINNING), declared)
    return ""


def _begins_line(text: str, mark: str) -> bool:
    return text.startswith(mark) or f"\n{mark}" in text
