"""The journal's file: one owner, one format, whole records, and rewritten at once or not at all."""

from __future__ import annotations

import resource
import signal
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.journal import Journal, Unusable


def journal_with(directory: Path, *records: Any) -> Journal:
    """A journal after an earlier run that appended these records."""
    first = Journal(directory)
    first.rewrite([])
    for each in records:
        first.append(each)
    first.close()
    return Journal(directory)


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    texts = ["号\n\ud800", {"a": [1, None]}, ""]
    journal = journal_with(tmp_path, *texts)
    assert (list(journal.records()), journal.dropped) == (texts, 0)
    journal.close()


def test_nobody_else_may_read_what_is_kept(tmp_path: Path) -> None:
    journal_with(tmp_path / "kept").close()
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "kept").iterdir()}
    assert found == {"journal": 0o600, "lock": 0o600}
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700


def test_a_directory_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    first = Journal(tmp_path)
    with pytest.raises(Unusable, match="in use by another process"):
        Journal(tmp_path)
    first.close()
    Journal(tmp_path).close()


def test_another_format_is_refused_by_name(tmp_path: Path) -> None:
    journal = journal_with(tmp_path)
    path = tmp_path / "journal"
    later = b'{"format":"zhongshu-local","version":7}'
    for content, told in ((b"a,b,c\n", "not a journal"), (b"%08x %s\n" % (zlib.crc32(later), later), "version 7")):
        path.write_bytes(content)
        with pytest.raises(Unusable, match=told):
            list(journal.records())
        assert path.read_bytes() == content
    journal.close()


def test_a_rewrite_that_was_cut_off_changed_nothing(tmp_path: Path) -> None:
    def cut_off() -> Iterator[str]:
        yield "new"
        raise KeyboardInterrupt

    journal = journal_with(tmp_path, "old")
    with pytest.raises(KeyboardInterrupt):
        journal.rewrite(cut_off())
    assert list(journal.records()) == ["old"]
    journal.rewrite(["new"])
    assert list(journal.records()) == ["new"]
    journal.close()


def test_a_journal_that_cannot_be_written_refuses_the_write_and_stays_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.rewrite([])
    journal.append("first")
    with pytest.raises(TypeError):
        journal.append({object()})
    _with_little_room(journal, tmp_path)
    journal.append("last")
    journal.close()
    again = Journal(tmp_path)
    assert (list(again.records()), again.dropped) == (["first", "last"], 0)
    again.close()


def _with_little_room(journal: Journal, directory: Path) -> None:
    """Append while files may not grow by more than a few bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((directory / "journal").stat().st_size + 9, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            journal.append("too long for the room there is")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
