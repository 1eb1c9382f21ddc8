import os
import stat
from pathlib import Path

import pytest

from config.embedded import paths
from config.embedded.errors import EmbeddedError


def test_a_relative_var_dir_lies_in_the_project_whatever_the_current_folder_is(monkeypatch, tmp_path):
    monkeypatch.setenv("VAR_DIR", "elsewhere")
    monkeypatch.chdir(tmp_path)
    assert paths.var_dir() == paths.PROJECT / "elsewhere"


def test_an_empty_var_dir_means_the_default(monkeypatch):
    monkeypatch.setenv("VAR_DIR", " ")
    assert paths.var_dir() == paths.PROJECT / "var"


def test_sockets_fit_into_a_socket_address_however_long_var_dir_is(tmp_path):
    var = tmp_path / ("Отдел эксплуатации " * 10)
    longest = f"{paths.postgres_dsn_parts(var)['HOST']}/.s.PGSQL.5432.lock"
    assert len(longest.encode()) < 104
    assert len(str(paths.valkey_socket(var)).encode()) < 104


def test_two_copies_have_different_sockets_and_one_copy_always_the_same(tmp_path, monkeypatch):
    one, two = tmp_path / "one", tmp_path / "two"
    before = paths.socket_dir(one)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert paths.socket_dir(one) == paths.socket_dir(tmp_path / "two" / ".." / "one") == before
    assert paths.socket_dir(two) != before


def test_the_broker_has_an_address_for_celery_and_one_for_redis_py(tmp_path):
    socket = paths.valkey_socket(tmp_path)
    assert paths.redis_url(tmp_path) == f"redis+socket://{socket}"
    assert paths.redis_client_url(tmp_path) == f"unix://{socket}"


def test_the_socket_folder_is_closed_to_others_even_if_it_was_open(tmp_path):
    folder = paths.socket_dir(tmp_path)
    folder.mkdir(mode=0o777)
    try:
        paths.make_socket_dir(tmp_path)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        folder.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of somebody else")
def test_a_socket_folder_of_a_stranger_is_refused(tmp_path):
    folder = paths.socket_dir(tmp_path)
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    try:
        with pytest.raises(EmbeddedError, match="belongs to somebody else"):
            paths.make_socket_dir(tmp_path)
        assert paths.make_socket_dir(tmp_path, known={12345}) == folder
    finally:
        folder.rmdir()


def test_a_socket_folder_that_is_a_link_is_refused(tmp_path):
    link = paths.socket_dir(tmp_path / "var")
    link.symlink_to(tmp_path)
    try:
        with pytest.raises(EmbeddedError, match="belongs to somebody else"):
            paths.make_socket_dir(tmp_path / "var")
    finally:
        link.unlink()


def test_a_var_dir_that_cannot_be_made_is_said_in_one_line(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(EmbeddedError, match=r"Cannot write to .*file/var .*VAR_DIR") as error:
        paths.make_var_dir(Path(blocked / "var"))
    assert "\n" not in str(error.value)
