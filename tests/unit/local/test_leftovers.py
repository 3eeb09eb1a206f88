from __future__ import annotations

from typing import TYPE_CHECKING

from local.leftovers import load, save

if TYPE_CHECKING:
    from pathlib import Path


def test_messages_come_back_as_they_were_also_with_line_breaks_and_any_bytes(tmp_path: Path) -> None:
    messages = [b'{"a":1}\n{"a":2}', b"\x00\xff\n\n", b"x" * 100_000]
    assert save(tmp_path / "left", messages, keep=False) == 3
    assert list(load(tmp_path / "left")) == messages


def test_a_second_save_keeps_what_the_first_one_left(tmp_path: Path) -> None:
    save(tmp_path / "left", [b"first"], keep=False)
    save(tmp_path / "left", [b"second"], keep=True)
    assert list(load(tmp_path / "left")) == [b"first", b"second"]


def test_a_save_of_everything_that_is_left_replaces_what_the_first_one_left(tmp_path: Path) -> None:
    save(tmp_path / "left", [b"first", b"second"], keep=False)
    save(tmp_path / "left", [b"second"], keep=False)
    assert list(load(tmp_path / "left")) == [b"second"]


def test_a_save_that_was_interrupted_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    save(tmp_path / "left", [b"first"], keep=False)
    (tmp_path / "left.unfinished").write_bytes(b"\x00\x00")
    assert list(load(tmp_path / "left")) == [b"first"]
