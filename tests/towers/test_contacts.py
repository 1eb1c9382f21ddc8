from __future__ import annotations

import pytest

from towers.contacts import emails_in, phones_in


@pytest.mark.parametrize(
    ("cell", "addresses"),
    [
        ("a@x.example; b@x.example", ("a@x.example", "b@x.example")),
        (
            "a@x.example,b@x.example c@x.example\nd@x.example",
            ("a@x.example", "b@x.example", "c@x.example", "d@x.example"),
        ),
        ("Иванов <ivanov@x.example>; mailto:b@x.example.", ("ivanov@x.example", "b@x.example")),
        ("A@x.example; a@X.example", ("A@x.example",)),
        ("нет", ()),
        ("a@; @x.example; a@@x.example; a b", ()),
        ("a@x.example\r\nBcc: b@x.example", ("a@x.example", "b@x.example")),
        ("", ()),
    ],
)
def test_addresses_are_split_by_any_separator_and_what_is_no_address_is_left_out(
    cell: str, addresses: tuple[str, ...]
) -> None:
    assert emails_in(cell) == addresses


@pytest.mark.parametrize(
    ("cell", "phones"),
    [
        ("+7 (911) 000-11-41", ("+7 (911) 000-11-41",)),
        ("8 908 000 67 20", ("8 908 000 67 20",)),
        ("89680008811; +7 (972) 000-54-49, 8 908 000 67 20", ("89680008811", "+7 (972) 000-54-49", "8 908 000 67 20")),
        ("8 908 000 67 20 8 908 000 67 21", ("8 908 000 67 20", "8 908 000 67 21")),
        ("89080006720 89080006721", ("89080006720", "89080006721")),
        ("9080006720 9080006721", ("9080006720", "9080006721")),
        ("+79080006720 (495) 000-00-00", ("+79080006720", "(495) 000-00-00")),
        ("8 (495) 000-00-00, доб. 123", ("8 (495) 000-00-00 доб. 123",)),
        ("8 (495) 000-00-00 доб. 8123 8 908 000 67 20", ("8 (495) 000-00-00 доб. 8123", "8 908 000 67 20")),
        ("8 908 000 67 20 Иван", ("8 908 000 67 20 Иван",)),
        ("2-34-56", ("2-34-56",)),
        ("8 908 000 67 20; 8 908 000 67 20", ("8 908 000 67 20",)),
        ("нет; -", ()),
        ("", ()),
    ],
)
def test_a_space_inside_a_phone_does_not_split_it_but_one_between_phones_does(
    cell: str, phones: tuple[str, ...]
) -> None:
    assert phones_in(cell) == phones


def test_contacts_always_fit_their_columns() -> None:
    assert all(len(phone) <= 100 for phone in phones_in("8" * 500))
    assert len(emails_in(" ".join(f"a{n}@x.example" for n in range(100)))) == 20
