import pytest

from mailbox import sealing


def test_what_was_sealed_is_opened_and_is_never_the_same_twice():
    assert sealing.unseal(sealing.seal("пароль")) == "пароль"
    assert sealing.seal("x") != sealing.seal("x")
    assert "пароль" not in sealing.seal("пароль")


def test_a_key_that_was_replaced_still_opens_while_it_is_named(settings):
    sealed = sealing.seal("secret")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
    assert sealing.unseal(sealed) == "secret"


@pytest.mark.parametrize("sealed", ["", "not sealed", "ы", "gAAAAAB"])
def test_what_was_not_sealed_here_is_refused_in_words(sealed):
    with pytest.raises(sealing.WrongKey, match="enter it again"):
        sealing.unseal(sealed)
