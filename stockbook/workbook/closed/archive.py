"""The zip around a workbook: who has it open, replacing it in one step, tidying up."""

from __future__ import annotations

import copy
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, BinaryIO
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo
from zlib import crc32

from stockbook.domain.language import say
from stockbook.domain.problems import WorkbookError

PREFIX, SUFFIX = ".stockbook-", ".tmp"
CHUNK = 1 << 20
TRIES, PAUSE = 20, 0.1  # [s] while someone else writes it
DRAFT_LASTS = 600  # [s] no write takes longer
LEVEL = 5  # measured: 4 % larger than 6 in half its time
Stamp = tuple[int, int]


def stamp(path: Path) -> Stamp:
    """Return what changes when someone writes the file: time [ns] and size [bytes]."""
    state = path.stat()
    return state.st_mtime_ns, state.st_size


def snapshot(path: Path) -> tuple[bytes, Stamp]:
    """Return a file's bytes and stamp, read while nobody wrote it.

    Raises:
        OSError: It is missing or cannot be read.
        BadZipFile: Others kept writing it for as long as this waits.
    """
    for _ in range(TRIES):
        seen = stamp(path)
        raw = path.read_bytes()
        if stamp(path) == seen and len(raw) == seen[1]:
            return raw, seen
        time.sleep(PAUSE)
    raise BadZipFile(path.name)


def replace(
    path: Path,
    old: ZipFile,
    seen: Stamp,
    changed: Mapping[str, bytes],
    dropped: set[str],
    backup: Path | None = None,
) -> None:
    """Replace a workbook in one step; a killed process leaves the old one or the new one.

    Args:
        old: The file that the changes were made from, in memory.
        seen: Its stamp.
        changed: New content by part.
        dropped: Parts to leave out.
        backup: Gets a copy of the workbook as it was.

    Raises:
        WorkbookError: It is open somewhere, or changed since it was read; nothing was written.
    """
    refuse_if_changed(path, seen)
    if backup:
        shutil.copy2(path, backup)
    put_in_place(path, lambda out: repack(old, out, changed, dropped), seen)


def refuse_if_changed(path: Path, seen: Stamp) -> None:
    """Raise WorkbookError where someone has the workbook open, or has saved it since `seen`."""
    refuse_if_open(path)
    if stamp(path) != seen:
        raise WorkbookError(
            say(
                f"{path.name} 在处理期间被别人改过，未写入；请重试",
                f"{path.name} was changed meanwhile and was not written; try again",
            )
        )


def put_in_place(path: Path, write: Callable[[BinaryIO], object], seen: Stamp) -> None:
    """Replace a file in one step by what `write` writes.

    Raises:
        WorkbookError: It is open somewhere, or was saved while this was written; it is left alone.
    """
    handle, name = tempfile.mkstemp(prefix=PREFIX, suffix=SUFFIX, dir=path.parent)
    try:
        with os.fdopen(handle, "w+b") as out:
            write(out)
            out.flush()
            os.fsync(out.fileno())
        shutil.copymode(path, name)
        refuse_if_changed(path, seen)
        Path(name).replace(path)
        _sync_folder(path.parent)
    except PermissionError as error:
        raise WorkbookError(_in_use(path)) from error
    finally:
        Path(name).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the new name last through a power cut; Windows has no such call."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def tidy(folder: Path) -> list[Path]:
    """Remove what a killed process left in a workbook's folder; return what was removed.

    A young draft may be another process's, at work on another workbook of the folder.
    """
    left = [path for path in folder.glob(f"{PREFIX}*{SUFFIX}") if _is_old(path)]
    for path in left:
        path.unlink(missing_ok=True)
    return left


def _is_old(path: Path) -> bool:
    try:
        return path.is_file() and time.time() - path.stat().st_mtime > DRAFT_LASTS
    except OSError:  # gone meanwhile
        return False


def repack(old: ZipFile, out: BinaryIO, changed: Mapping[str, bytes], dropped: set[str]) -> None:
    """Write the archive again in the same order; what did not change keeps its raw bytes."""
    raw = old.fp
    if raw is None:
        raise ValueError("the archive is closed")
    with ZipFile(out, "w", ZIP_DEFLATED) as new:
        starts = sorted([*(i.header_offset for i in old.infolist()), old.start_dir])
        for info in old.infolist():
            if info.filename in dropped:
                continue
            data = changed.get(info.filename)
            if data is not None and (len(data), crc32(data)) != (info.file_size, info.CRC):
                entry = copy.copy(info)
                entry.extra = b""
                new.writestr(entry, data, ZIP_DEFLATED, LEVEL)
                continue
            raw.seek(info.header_offset)  # local header, data, descriptor, up to what comes next
            size = starts[starts.index(info.header_offset) + 1] - info.header_offset
            _copy_raw(new, info, raw, size)


def _copy_raw(new: ZipFile, info: ZipInfo, raw: IO[bytes], size: int) -> None:
    """Append an entry's bytes as they are; `zipfile` has no public way to do so."""
    entry, place = copy.copy(info), new.fp
    if place is None:
        raise ValueError("the archive is closed")
    place.seek(new.start_dir)
    entry.header_offset = place.tell()
    for at in range(0, size, CHUNK):
        place.write(raw.read(min(CHUNK, size - at)))
    new.filelist.append(entry)
    new.NameToInfo[entry.filename] = entry
    new.start_dir, new._didModify = place.tell(), True  # type: ignore[attr-defined]  # noqa: SLF001


def refuse_if_open(path: Path) -> None:
    """Raise WorkbookError where someone has the workbook open.

    Excel leaves ``~$name``, LibreOffice ``.~lock.name#``, WPS one of these or ``.~name``;
    Windows denies writing.
    """
    names = (f"~${path.name}", f".~lock.{path.name}#", f".~{path.name}")
    for lock in (path.with_name(name) for name in names):
        if lock.exists():
            who = _owner(lock) or say("其他人", "someone")
            raise WorkbookError(
                say(
                    f"{path.name} 正被 {who} 打开，未写入；请关闭后重试"
                    f"（若确认无人打开，可删除 {lock.name}）",
                    f"{path.name} is open with {who} and was not written; close it and try again "
                    f"(if nobody has it open, delete {lock.name})",
                )
            )
    if not path.stat().st_mode & stat.S_IWUSR:  # the super-user could write it all the same
        raise WorkbookError(_in_use(path))
    try:
        with path.open("r+b"):
            pass
    except PermissionError as error:
        raise WorkbookError(_in_use(path)) from error


def _in_use(path: Path) -> str:
    return say(
        f"{path.name} 正被其他程序占用或是只读文件，未写入；请关闭后重试",
        f"{path.name} is in use or read-only and was not written; close it and try again",
    )


def _owner(lock: Path) -> str:
    """Return the name in a lock file: LibreOffice's fields, or Excel's length byte and name."""
    try:
        raw = lock.read_bytes()[:200]
    except OSError:
        return ""
    if lock.name.endswith("#"):
        fields = raw.decode("utf-8", "replace").split(",")
        return next((field for field in fields[:3] if field.strip()), "")
    return raw[1 : 1 + raw[0]].decode("gbk", "replace").strip("\x00 ") if raw else ""
