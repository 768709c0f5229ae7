"""What was written into a workbook and can be taken back, and copies of the file as it was.

    undo/<book id>/<file>.<number>.json.gz  one step: every cell a write changed, and how
    undo/<book id>/<file>.<number>.after    the digest of the file as that write left it
    backups/<book id>/<name>.<time>.<number>.xlsm

Both live in the data folder, as the workbook's own folder may be shared or synced.
"""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import hashlib
import json
import math
import os
import shutil
import zlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stockbook.domain.clock import beijing
from stockbook.workbook.trail import Column, Trail

STEPS = 10  # how many writes into a file can be taken back
LONGEST = 120  # bytes of a workbook's name that a backup's name keeps
BACKUPS, BACKUP_DAYS = 10, 30  # the last ones, and the last one of each of the last days


@dataclass(frozen=True)
class Step:
    """One write.

    Attributes:
        number: Counts up; the newest is taken back first.
        action: What wrote (`refresh`, …); `at`: when [Unix s]; `path`: into which file.
        backup: The file as it was, or None where it had never been saved.
        before, after: Digests of the file around the write; "" while it is open in Excel.
    """

    number: int
    action: str
    at: int
    path: str
    trails: tuple[Trail, ...]
    backup: Path | None = None
    before: str = ""
    after: str = ""


class History:
    """The steps and backups of one workbook.

    Args:
        folder: The data folder.
        path: The workbook; copies share an id, but each has its own steps.
    """

    def __init__(self, folder: Path, book_id: str, path: Path) -> None:
        self.steps_folder, self.backups = folder / "undo" / book_id, folder / "backups" / book_id
        self._path = path.resolve() if path.exists() else path  # links and folders do not matter
        place = os.path.normcase(str(self._path)).encode("utf-8", "surrogatepass")
        self._stem = self._path.stem.encode()[:LONGEST].decode("utf-8", "ignore")
        self._mine = hashlib.sha256(place).hexdigest()[:8]

    def keep(self, action: str, at: int, trails: Sequence[Trail], before: str) -> Step:
        """Keep the cells that are about to change, and the file as it is."""
        for folder in (self.steps_folder, self.backups):
            folder.mkdir(parents=True, exist_ok=True)
        number = self._reserve()
        backup = self._back_up(at, number)
        step = Step(number, action, at, str(self._path), tuple(trails), backup, before)
        self._write(step)
        self._thin_out()
        return step

    def finish(self, step: Step, after: str) -> None:
        """Note the file as the write left it."""
        self._after(step.number).write_text(after, "ascii")

    def last(self) -> Step | None:
        """Return the newest write into this file that was not taken back."""
        for _, file in reversed(self._numbered()):
            step = _read(file)
            if step is not None:
                after = self._after(step.number)
                return replace(step, after=after.read_text("ascii") if after.exists() else "")
        return None

    def forget(self, number: int) -> None:
        """Drop a step: it was taken back, never happened, or is too old."""
        self._file(number).unlink(missing_ok=True)
        self._after(number).unlink(missing_ok=True)

    def _back_up(self, at: int, number: int) -> Path | None:
        """Copy the file, unless its last copy is the same."""
        if not self._path.is_file():
            return None
        newest = next((file for _, file in reversed(self._saved())), None)
        if newest and digest(newest) == digest(self._path):
            return newest
        stamp = f"{beijing(at):%Y%m%d-%H%M%S}"
        copy = self.backups / f"{self._stem}.{stamp}.{number}{self._path.suffix.lower()}"
        shutil.copy2(self._path, copy)
        return copy

    def _thin_out(self) -> None:
        for number, _ in self._numbered()[:-STEPS]:
            self.forget(number)
        saved = [f for _, f in self._saved() if f.name.rsplit(".", 3)[0] == self._stem]
        last_of_day = {file.name.rsplit(".", 3)[1][:8]: file for file in saved}
        kept = {*saved[-BACKUPS:], *list(last_of_day.values())[-BACKUP_DAYS:]}
        for file in set(saved) - kept:
            file.unlink(missing_ok=True)

    def _reserve(self) -> int:
        """Return the next number; two processes never get the same."""
        taken = _sorted(self.steps_folder.glob("*.number"), 1)
        number = max((n for n, _ in (*taken, *self._saved())), default=0) + 1
        while True:
            try:
                (self.steps_folder / f"{number}.number").touch(exist_ok=False)
            except FileExistsError:
                number += 1
                continue
            for old, file in taken:
                if old < number - 1:
                    file.unlink(missing_ok=True)
            return number

    def _numbered(self) -> list[tuple[int, Path]]:
        """Return the steps of this file, oldest first."""
        return _sorted(self.steps_folder.glob(f"{self._mine}.*.json.gz"), 2)

    def _saved(self) -> list[tuple[int, Path]]:
        return _sorted(self.backups.glob("*.xls[xm]"), 1)

    def _file(self, number: int) -> Path:
        return self.steps_folder / f"{self._mine}.{number}.json.gz"

    def _after(self, number: int) -> Path:
        return self.steps_folder / f"{self._mine}.{number}.after"

    def _write(self, step: Step) -> None:
        facts = {
            "number": step.number,
            "action": step.action,
            "at": step.at,
            "path": step.path,
            "backup": str(step.backup or ""),
            "before": step.before,
            "trails": [_plain(trail) for trail in step.trails],
        }
        text = json.dumps(facts, default=_encoded).encode()
        file = self._file(step.number)
        draft = file.with_suffix(f".{os.getpid()}.tmp")
        draft.write_bytes(gzip.compress(text, 1))
        draft.replace(file)


def digest(path: Path) -> str:
    """Return what tells whether a file is byte for byte the same."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sorted(files: Iterable[Path], suffixes: int) -> list[tuple[int, Path]]:
    """Return files by the number before their suffixes."""
    numbers = ((file.name.rsplit(".", suffixes)[0].rsplit(".", 1)[-1], file) for file in files)
    return sorted((int(number), file) for number, file in numbers if number.isdigit())


def _plain(trail: Trail) -> dict[str, Any]:
    return {
        "place": trail.place,
        "keys": list(trail.keys.items()),
        "added": sorted(trail.added),
        "columns": {
            name: (_ranges(column.rows), _packed(column.old), _packed(column.new))
            for name, column in trail.columns.items()
        },
    }


def _ranges(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return rows as stretches [first, last]: most writes touch most of them.

    Example:
        >>> _ranges([5, 6, 7, 9])
        [(5, 7), (9, 9)]
    """
    if rows and list(rows) == list(range(rows[0], rows[0] + len(rows))):
        return [(rows[0], rows[-1])]
    found: list[tuple[int, int]] = []
    for row in rows:
        if found and row == found[-1][1] + 1:
            found[-1] = (found[-1][0], row)
        else:
            found.append((row, row))
    return found


def _packed(cells: list[Any]) -> list[Any] | dict[str, str]:
    """Return numbers as the bytes of doubles, empty cells as NaN: ten times faster than digits."""
    if not set(map(type, cells)) <= {float, type(None)}:
        return cells
    doubles = array("d", [math.nan if cell is None else cell for cell in cells])
    return {"doubles": base64.b64encode(doubles.tobytes()).decode()}


def _unpacked(cells: list[Any] | dict[str, str]) -> list[Any]:
    if isinstance(cells, list):
        return cells
    doubles = array("d", base64.b64decode(cells["doubles"]))
    return [None if math.isnan(cell) else cell for cell in doubles]


def _column(
    ranges: Sequence[tuple[int, int]],
    packed_old: list[Any] | dict[str, str],
    packed_new: list[Any] | dict[str, str],
) -> Column:
    rows = [row for first, last in ranges for row in range(first, last + 1)]
    old, new = _unpacked(packed_old), _unpacked(packed_new)
    if not len(rows) == len(old) == len(new):
        raise ValueError("a step's cells do not match its rows")
    return Column(rows, old, new)


def _encoded(value: Any) -> dict[str, str]:
    if isinstance(value, dt.datetime):
        return {"at": value.isoformat()}
    raise TypeError(f"{type(value).__name__} is no cell")


def _decoded(value: dict[str, Any]) -> Any:
    return dt.datetime.fromisoformat(value["at"]) if list(value) == ["at"] else value


def _read(file: Path) -> Step | None:
    """Return a step, or None where its file is damaged."""
    try:
        facts = json.loads(gzip.decompress(file.read_bytes()), object_hook=_decoded)
        trails = tuple(
            Trail(
                t["place"],
                dict(t["keys"]),
                frozenset(t["added"]),
                {name: _column(*cells) for name, cells in t["columns"].items()},
            )
            for t in facts.pop("trails")
        )
        backup = facts.pop("backup")
        return Step(**facts, trails=trails, backup=Path(backup) if backup else None)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zlib.error):
        return None
