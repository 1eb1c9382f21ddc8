"""What of a stranger's HTML may reach a dispatcher's screen."""

import re

import pytest

from mailbox.parsing.safe_html import clean_html

LOADS = re.compile(
    r"(?:\ssrc|srcset|background|poster)=|url\(|@import|javascript|vbscript|<script|<style|<form|<svg|on\w+=", re.I
)


@pytest.mark.parametrize(
    "html",
    [
        '<img src="http://x.example/p.gif">',
        '<img src=" HTTPS://x.example/p.gif">',
        '<img src="//x.example/p.gif">',
        '<img src="/relative.gif">',
        '<img src="ht\ttp://x.example/p.gif">',
        '<img src="data:text/html,<script>1</script>">',
        '<img src="data:image/svg+xml;base64,AAAA">',
        '<img srcset="http://x.example/p.gif 2x">',
        '<table background="http://x.example/p.gif"><tr><td>x</td></tr></table>',
        '<p style="background-image:url(http://x.example/p.gif)">x</p>',
        '<p style="background-color:u\\72l(http://x.example/p.gif)">x</p>',
        '<p style="width:expression(alert(1))">x</p>',
        "<style>@import 'http://x.example'</style>",
        "<script>alert(1)</script>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="java\nscript:alert(1)">x</a>',
        '<p onclick="alert(1)">x</p>',
        "<svg><script>alert(1)</script></svg>",
        '<form action="http://x.example"><input></form>',
        '<math><mi><img src="http://x.example/p.gif">',
        '<iframe src="http://x.example"></iframe>',
        '<base href="http://x.example"><link rel=stylesheet href="http://x.example">',
        '<video poster="http://x.example/p.gif"></video>',
    ],
)
def test_nothing_runs_and_nothing_loads(html):
    assert not LOADS.search(clean_html(f"<p>Нет питания</p>{html}").html.replace("data-remote-src", ""))
    assert "Нет питания" in clean_html(f"<p>Нет питания</p>{html}").html


@pytest.mark.parametrize(
    "html",
    [
        '<img src="cid:scheme@x.example">',
        '<img src="data:image/png;base64,iVBORw0KGgo=">',
        '<table border="1"><tbody><tr><td colspan="2" bgcolor="#eeeeee">KI0075</td></tr></tbody></table>',
        '<p style="color:red;text-align:center">срочно</p>',
        '<a href="https://x.example/?a=1" rel="noopener noreferrer">x</a>',
        '<a href="tel:+79000000000" rel="noopener noreferrer">x</a>',
    ],
)
def test_what_is_harmless_stays_as_it_is(html):
    assert clean_html(html).html == html
    assert not clean_html(html).has_remote_images


def test_a_remote_picture_can_be_asked_for_later():
    safe = clean_html('<img alt="x" src="https://x.example/p.gif?a=1&amp;b=2">')

    assert safe.has_remote_images
    assert 'data-remote-src="https://x.example/p.gif?a=1&amp;b=2"' in safe.html
