import hashlib

import pytest

from mailbox import store


def test_what_was_put_is_read_back_under_its_sha256():
    raw = b"\x00\xff\r\nbytes"
    assert store.put(raw) == hashlib.sha256(raw).hexdigest()
    assert store.read(hashlib.sha256(raw).hexdigest()) == raw


def test_putting_twice_keeps_one_file_and_makes_it_young_again():
    import os

    name = store.put(b"once")
    os.utime(store.path(name), (0, 0))
    store.put(b"once")
    assert store.path(name).stat().st_mtime > 1_000_000
    assert len(list(store.path(name).parent.iterdir())) == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "A" * 64, "a" * 63, "", "a" * 64 + "\n"])
def test_a_name_that_is_no_sha256_leads_nowhere(name):
    with pytest.raises(ValueError, match="SHA-256"):
        store.path(name)


def test_a_full_disk_leaves_no_half_letter(monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.put(b"too much")
    monkeypatch.undo()
    assert not [each for each in store.path(hashlib.sha256(b"too much").hexdigest()).parent.iterdir()]
