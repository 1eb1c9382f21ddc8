"""HTML that may be shown in a sandboxed frame: an explicit list of what is kept."""

import re
import secrets
from dataclasses import dataclass

import nh3

_TAGS = {
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
}
_DROPPED_WITH_CONTENT = {"script", "style", "title", "template", "noscript", "svg", "math", "iframe"}
_TABLE = {"align", "valign", "width", "height", "bgcolor", "border", "cellpadding", "cellspacing"}
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align"},
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type"},
    "blockquote": {"type"},
    "table": _TABLE,
    "tr": _TABLE,
    "td": _TABLE | {"colspan", "rowspan"},
    "th": _TABLE | {"colspan", "rowspan"},
    "col": {"span", "width"},
    "colgroup": {"span", "width"},
}
_STYLES = {
    "background-color",
    "border",
    "border-bottom",
    "border-collapse",
    "border-color",
    "border-left",
    "border-right",
    "border-style",
    "border-top",
    "border-width",
    "color",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "height",
    "line-height",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "text-indent",
    "vertical-align",
    "white-space",
    "width",
}
_LINK_SCHEMES = ("http:", "https:", "mailto:", "tel:", "#")
_REMOTE = ("http:", "https:", "//")
_PICTURE_DATA = re.compile(r"data:image/(?:png|jpe?g|gif|webp|bmp);base64,", re.IGNORECASE)
_DANGEROUS_STYLE = re.compile(r"url\s*\(|image|expression|@|\\|/\*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SafeHtml:
    """Clean markup; pictures that lie elsewhere keep their address in data-remote-src only."""

    html: str
    has_remote_images: bool


def clean_html(html: str) -> SafeHtml:
    """Keep text, tables, inline pictures (`cid:`) and links; nothing that runs or loads."""
    # nh3 may drop or keep an attribute but not rename it. A mark that no sender can know stands in
    # front of a remote address and is turned into another attribute afterwards.
    mark = f"data:{secrets.token_hex(16)},"
    remote = False

    def keep(tag: str, name: str, value: str) -> str | None:
        nonlocal remote
        if name == "src":
            address = value.strip()
            if address.lower().startswith(_REMOTE):
                remote = True
                return mark + address
            return address if _is_inline(address) else None
        if name == "href":
            return value if value.strip().lower().startswith(_LINK_SCHEMES) else None
        if name == "style":
            return None if _DANGEROUS_STYLE.search(value) else value
        return value

    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=keep,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        link_rel="noopener noreferrer",
    )
    return SafeHtml(cleaned.replace(f'src="{mark}', 'data-remote-src="'), remote)


def _is_inline(address: str) -> bool:
    return address.lower().startswith("cid:") or _PICTURE_DATA.match(address) is not None
