"""The file in which the local cloud keeps what happened: one record a line, each with its checksum.

A record is with the operating system when `append` returns, so a killed process loses nothing that it acknowledged; it
is on the disk at most half a second later, so a power failure loses no more than that. A record that was cut off at
the end of the file is dropped; damage further up is refused, because what follows it was acknowledged. One process at a
time has a directory. This module must not know what the records mean.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

FORMAT = "zhongshu-local"
VERSION = 1
SYNC_SECONDS = 0.5
_REWRITE_BYTES = 16 * 1024 * 1024


class Unusable(Exception):  # noqa: N818  it says what the directory is
    """A data directory that cannot be opened; the message says why and what to do, zh-CN first."""


class Journal:
    """The journal of one directory, made if it is missing. Read `records` to the end, then `rewrite`, then `append`.
    Raises Unusable if another process has the directory."""

    def __init__(self, directory: Path) -> None:
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unusable(
                f"不能使用数据目录 {directory}：{error}\n{directory} is no directory of ours: {error}"
            ) from error
        self.directory = directory
        self.dropped = 0
        self._path = directory / "journal"
        self._lock = _locked(directory)
        self._file = -1
        self._size = self._begun_with = 0
        self._unsynced = False
        self._failed: OSError | None = None
        self._writing = threading.Lock()
        self._syncing = threading.Lock()  # taken before _writing
        self._stop = threading.Event()
        self._syncer = threading.Thread(target=self._sync_on, name="journal", daemon=True)

    def records(self) -> Iterator[Any]:
        """What an earlier run kept, in order; nothing in a new directory. `dropped` is then the number of bytes of a
        record that was cut off. Raises Unusable for another format and for damage before the last record."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            self._check_header(file.readline())
            place = file.tell()
            for line in file:
                if not _whole(line):
                    self._refuse_what_follows(file, place)
                    self.dropped = os.fstat(file.fileno()).st_size - place
                    return
                yield json.loads(line[9:])
                place += len(line)

    def _check_header(self, line: bytes) -> None:
        header = json.loads(line[9:]) if _whole(line) else None
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise Unusable(
                f"{self._path} 不是本机中枢的数据文件，请换一个目录\n"
                f"{self._path} is not a journal of this program; choose another directory"
            )
        if header["version"] != VERSION:
            raise Unusable(
                f"目录{self.directory}的数据格式为第{header['version']}版，本程序只认第{VERSION}版；"
                "请用写入它的版本打开，或换一个目录\n"
                f"{self.directory} is in format version {header['version']} and this program reads version {VERSION} "
                "only; open it with the version that wrote it, or choose another directory"
            )

    def _refuse_what_follows(self, lines: Iterable[bytes], place: int) -> None:
        if any(_whole(line) for line in lines):
            give_up = f"truncate -s {place} {self._path}"
            raise Unusable(
                f"{self._path} 在第{place}字节处损坏，其后还有完整记录；如愿舍弃其后内容：{give_up}\n"
                f"{self._path} is damaged at byte {place}, and whole records follow; to give them up: {give_up}"
            )

    def rewrite(self, records: Iterable[Any]) -> None:
        """Put these records in the place of all there are, at once or, after a crash, not at all."""
        fresh = self._path.with_suffix(".new")
        with self._syncing, self._writing:
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(_line({"format": FORMAT, "version": VERSION}))
                file.writelines(map(_line, records))
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
            _sync_directory(self.directory)
            self._open()
        if not self._syncer.is_alive():
            self._syncer.start()

    def _open(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        self._size = self._begun_with = os.fstat(self._file).st_size
        self._unsynced = False

    def append(self, record: Any) -> None:
        """Add a record. Raises OSError if it cannot be written, or if an earlier one did not reach the disk; the
        journal is then as it was."""
        line = _line(record)
        with self._writing:
            if self._failed:
                raise self._failed
            try:
                _write(self._file, line)
            except OSError as error:
                self._failed = error
                os.ftruncate(self._file, self._size)  # nothing may follow half a record
                self._failed = None
                raise
            self._size += len(line)
            self._unsynced = True

    @property
    def large(self) -> bool:
        """Whether a rewrite is worth its time."""
        return self._size > max(_REWRITE_BYTES, 4 * self._begun_with)

    def sync(self) -> None:
        """Bring to the disk what is not yet there."""
        with self._syncing:
            if not self._unsynced:
                return
            self._unsynced = False
            try:
                os.fsync(self._file)
            except OSError as error:
                self._failed = error

    def _sync_on(self) -> None:
        while not self._stop.wait(SYNC_SECONDS):
            self.sync()

    def close(self) -> None:
        """Sync, and let another process have the directory."""
        self._stop.set()
        if self._syncer.is_alive():
            self._syncer.join()
        if self._file >= 0:
            self.sync()
            os.close(self._file)
        os.close(self._lock)


def _line(record: Any) -> bytes:
    body = json.dumps(record, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _whole(line: bytes) -> bool:
    return line.endswith(b"\n") and line[:9] == b"%08x " % zlib.crc32(line[9:-1])


def _write(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]


def _locked(directory: Path) -> int:
    file = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(file, 20).decode() or "?"
        os.close(file)
        raise Unusable(
            f"目录{directory}正由另一进程（{holder}）使用；请先停止它，或换一个目录\n"
            f"{directory} is in use by another process ({holder}); stop that one first, or choose another directory"
        ) from None
    os.ftruncate(file, 0)
    os.write(file, str(os.getpid()).encode())
    return file


def _sync_directory(directory: Path) -> None:
    file = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
