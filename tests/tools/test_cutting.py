"""The style sheet of others, cut to the classes in use."""

from __future__ import annotations

from tools.cutting import cut_css

CREDIT = "/*! Somebody, MIT */"


def cut(css: str, *classes: str) -> str:
    return cut_css(css, set(classes)).strip()


def test_rules_of_elements_stay_and_rules_of_unknown_classes_go() -> None:
    css = "a{color:red}.btn{color:blue}.navbar a{color:green}.btn,.navbar{margin:0}"

    assert cut(css, "btn").split() == ["a{color:red}", ".btn{color:blue}", ".btn{margin:0}"]


def test_a_class_that_is_only_excluded_is_not_asked_for() -> None:
    assert cut(".btn:not(.disabled,.x):hover{margin:0}", "btn")


def test_a_selector_is_one_however_many_commas_its_brackets_hold() -> None:
    assert cut(":is(.btn,.navbar) a{margin:0}", "btn") == ""
    assert cut(":is(.btn,.link)>a,.x{margin:0}", "btn", "link") == ":is(.btn,.link)>a{margin:0}"


def test_variables_stay_as_long_as_something_asks_for_them() -> None:
    css = ":root{--a:1px;--b:var(--a);--idle:var(--deep);--deep:2px}.btn{margin:var(--b)}"

    assert cut(css, "btn").split("\n") == [":root{--a:1px;--b:var(--a)}", ".btn{margin:var(--b)}"]
    assert cut(css) == ""


def test_braces_and_semicolons_inside_strings_and_addresses_cut_nothing() -> None:
    css = "a{background:url(\"data:image/svg+xml,;{}\");content:'};'}.x{margin:0}b{margin:0}"

    assert cut(css).split("\n") == ["a{background:url(\"data:image/svg+xml,;{}\");content:'};'}", "b{margin:0}"]


def test_media_rules_are_looked_into_and_the_licence_stays() -> None:
    css = f"{CREDIT}@media print{{.navbar{{margin:0}}}}@media screen{{a{{margin:0}}}}@keyframes x{{from{{margin:0}}}}"

    assert cut(css) == f"{CREDIT}\n@media screen{{a{{margin:0}}}}"
