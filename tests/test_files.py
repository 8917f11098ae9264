"""A file is the old one or the whole new one, also where renaming is refused for a moment."""

import os

import pytest

from course_lib.files import replace, write_file
from course_lib.wordpiece import SPECIAL, WordPieceTokenizer

RENAME = os.replace


class Scanner:
    """In place of `os.replace`: refused the first `times` times, as Windows does beside a virus scanner.

    Nobody waits: `waited` is what would have been, in seconds.
    """

    def __init__(self, times, monkeypatch):
        self.times, self.waited = times, 0.0
        monkeypatch.setattr("os.replace", self.rename)
        monkeypatch.setattr("time.sleep", self.sleep)

    def rename(self, source, target):
        if self.times > 0:
            self.times -= 1
            raise PermissionError(13, "Access is denied", str(target))
        RENAME(source, target)

    def sleep(self, seconds):
        self.waited += seconds


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_file(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_file_held_for_a_moment_is_replaced_after_it(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"old")
    scanner = Scanner(5, monkeypatch)
    write_file(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new" and 0 < scanner.waited < 1


def test_file_held_for_good_is_an_error_after_two_seconds(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"old")
    scanner = Scanner(10**6, monkeypatch)
    with pytest.raises(PermissionError):
        write_file(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1
    assert scanner.waited == pytest.approx(2)


def test_folder_held_for_a_moment_is_renamed_after_it(tmp_path, monkeypatch):
    (tmp_path / "made").mkdir()
    Scanner(5, monkeypatch)
    replace(tmp_path / "made", tmp_path / "kept")
    assert (tmp_path / "kept").is_dir()


def test_tokenizer_is_saved_whole_beside_a_scanner(tmp_path, monkeypatch):
    first, second = (WordPieceTokenizer([*SPECIAL, piece]) for piece in ("a", "b"))
    first.save(tmp_path)
    Scanner(5, monkeypatch)
    second.save(tmp_path)
    assert WordPieceTokenizer.from_folder(tmp_path).vocab == second.vocab
    assert len(list(tmp_path.iterdir())) == 3
