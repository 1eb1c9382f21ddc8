import hashlib
from pathlib import Path

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


def test_all_of_a_batch_are_stored_and_equal_ones_once():
    contents = [b"one", b"two", b"one", b""]
    names = store.put_all(contents)
    assert [store.read(name) for name in names] == contents
    assert len({store.path(name) for name in names}) == 3


def test_a_batch_makes_each_folder_durable_once(monkeypatch):
    synced = []
    real = store.os.open
    monkeypatch.setattr(store.os, "open", lambda *words: (synced.append(words[0]), real(*words))[1])
    contents = [b"%d" % number for number in range(50)]
    names = store.put_all(contents)
    folders = [each for each in synced if isinstance(each, Path)]
    assert len(folders) == len(set(folders))
    assert {store.path(name).parent for name in names} <= set(folders)


def test_a_stream_is_stored_under_the_hash_of_all_its_pieces():
    stored = store.put_stream(iter([b"first ", b"", b"second"]))
    assert stored == store.Stored(hashlib.sha256(b"first second").hexdigest(), 12)
    assert store.read(stored.sha256) == b"first second"


def test_a_stream_that_breaks_off_leaves_nothing_and_its_error_is_not_the_disks(settings):
    def broken():
        yield b"half"
        raise TimeoutError("the server")

    with pytest.raises(TimeoutError) as failed:
        store.put_stream(broken())
    assert not isinstance(failed.value, store.NotStored)
    assert not [path for path in settings.LETTER_STORE.rglob("*") if path.is_file()]


@pytest.mark.parametrize(("number", "is_full"), [(28, True), (122, True), (27, True), (30, False), (5, False)])
def test_the_disks_errors_are_told_in_words(monkeypatch, number, is_full):
    def refused(descriptor):
        raise OSError(number, "the reason")

    monkeypatch.setattr(store.os, "fsync", refused)
    with pytest.raises(store.NotStored, match="the reason") as failed:
        store.put_stream([b"x"])
    assert ("disk full" in str(failed.value)) == is_full
    assert failed.value.errno == number
