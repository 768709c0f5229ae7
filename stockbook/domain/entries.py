"""What people enter on 收货与盘点 → the moves it stands for, posted by difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from stockbook.domain.records import Bucket, Entry, EntryKind, StockMove


class Flow(NamedTuple):
    """Units that go from one bucket to another in a warehouse, at an instant [Unix s]."""

    effective_at: int
    warehouse: str
    sku: str
    source: Bucket
    target: Bucket


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One row of the sheet.

    Attributes:
        row: Its place in the sheet.
        entry_id: The number that stands in it, "" if none does.
        entry: What it says, None where something in it is wrong.
        posted: What the ledger has under its number, None if nothing.
    """

    row: int
    entry_id: str
    entry: Entry | None
    posted: Entry | None = None


_COMES_FROM = {
    EntryKind.RECEIPT: Bucket.SUPPLIER,
    EntryKind.RETURN: Bucket.RETURNING,
    EntryKind.REFUSED: Bucket.CUSTOMER,
}


def flows(entry: Entry) -> Mapping[Flow, int]:
    """Return what an entry moves [units > 0]; a count moves nothing itself.

    Units that come in are split into good and defective ones. A transfer leaves one warehouse's
    free stock and comes into another's through `adjustment`, at one instant.

    Example:
        >>> came = Entry("s", "e", EntryKind.RECEIPT, "A", 10, 0, defective=1)
        >>> [(flow.target.value, n) for flow, n in flows(came).items()]
        [('free', 9), ('defective', 1)]
    """
    found = {
        Flow(entry.effective_at, warehouse, entry.sku, source, target): n
        for warehouse, source, target, n in _steps(entry)
    }
    return {flow: n for flow, n in found.items() if n}


def _steps(entry: Entry) -> Iterator[tuple[str, Bucket, Bucket, int]]:
    here, n = entry.warehouse, entry.units
    if entry.kind in _COMES_FROM:
        source = _COMES_FROM[entry.kind]
        yield here, source, Bucket.FREE, n - entry.defective
        yield here, source, Bucket.DEFECTIVE, entry.defective
    elif entry.kind == EntryKind.TRANSFER:
        yield here, Bucket.FREE, Bucket.ADJUSTMENT, n
        yield entry.to_warehouse, Bucket.ADJUSTMENT, Bucket.FREE, n
    elif entry.kind == EntryKind.DEFECT:
        yield here, Bucket.FREE, Bucket.DEFECTIVE, n
    elif entry.kind == EntryKind.SCRAP:
        yield here, Bucket.DEFECTIVE, Bucket.ADJUSTMENT, n
    elif entry.kind == EntryKind.CORRECTION and n > 0:
        yield here, Bucket.ADJUSTMENT, Bucket.FREE, n
    elif entry.kind == EntryKind.CORRECTION:
        yield here, Bucket.FREE, Bucket.ADJUSTMENT, -n


def entry_moves(old: Entry | None, new: Entry, now: int) -> list[StockMove]:
    """Return the moves that turn what was posted of an entry into what it says now.

    What it no longer says goes back at its own instant, so that counts in between still hold.

    Args:
        now: When StockBook learned of it [Unix s].
    """
    change = Counter(flows(new))
    change.subtract(flows(old) if old else {})
    return [
        StockMove(
            new.shop_id,
            flow.warehouse,
            flow.sku,
            *((flow.source, flow.target) if n > 0 else (flow.target, flow.source)),
            abs(n),
            (new if n > 0 else old or new).kind.value,
            new.entry_id,
            flow.effective_at,
            now,
        )
        for flow, n in change.items()
        if n
    ]


def content(entry: Entry) -> tuple[object, ...]:
    """Return all that an entry says but its number: the same row typed again says the same."""
    return (
        entry.shop_id,
        entry.kind,
        entry.sku,
        entry.units,
        entry.effective_at,
        entry.warehouse,
        entry.defective,
        entry.to_warehouse,
        entry.reference,
        entry.reason,
    )


def numbered(
    rows: Sequence[EntryRow], posted: Iterable[Entry], new_id: Callable[[], str]
) -> list[EntryRow]:
    """Give every row a number of its own.

    A row that was copied together with its number is a new one. A workbook that was closed without
    saving, or put back from a copy, shows rows without a number that were posted before: a row
    that says the same as an entry which no row of the workbook stands for is that entry.

    Args:
        posted: What the ledger has.
        new_id: Makes a number that nothing has yet.
    """
    taken: set[str] = set()
    lone = []
    for row in rows:
        first = row.entry_id and row.entry_id not in taken
        lone.append(row if first else replace(row, entry_id=""))
        taken.add(row.entry_id)
    free: dict[object, list[str]] = {}
    for entry in posted:
        if entry.entry_id not in taken:
            free.setdefault(content(entry), []).append(entry.entry_id)
    return [_with_number(row, free, new_id) for row in lone]


def _with_number(
    row: EntryRow, free: Mapping[object, list[str]], new_id: Callable[[], str]
) -> EntryRow:
    number = row.entry_id
    if not number:
        same = free.get(content(row.entry)) if row.entry else None
        number = same.pop(0) if same else new_id()
    entry = row.entry and replace(row.entry, entry_id=number)
    return replace(row, entry_id=number, entry=entry)


CountKey = tuple[str, str, int]  # SKU, warehouse, instant


def count_key(entry: Entry | None) -> CountKey | None:
    """Return which count an entry is, None if it is none."""
    if entry is None or entry.kind != EntryKind.COUNT:
        return None
    return entry.sku, entry.warehouse, entry.effective_at


def rival_counts(
    rows: Sequence[EntryRow], elsewhere: Mapping[CountKey, int]
) -> dict[int, EntryRow | None]:
    """Return the rows that count what another one counts at the same instant, by their place.

    The row that was posted stands, or else the first.

    Args:
        elsewhere: Counts of the sheet 商品 [units]; one that says the same is no rival.

    Returns:
        Row → the row that stands instead; None is the sheet 商品.
    """
    standing: dict[CountKey, EntryRow] = {}
    for row in sorted(rows, key=lambda r: count_key(r.posted) != count_key(r.entry)):
        if key := count_key(row.entry):
            standing.setdefault(key, row)
    rivals: dict[int, EntryRow | None] = {}
    for row in rows:
        key = count_key(row.entry)
        if key is None or row.entry is None:
            continue
        if standing[key] is not row:
            rivals[row.row] = standing[key]
        elif elsewhere.get(key, row.entry.units) != row.entry.units:
            rivals[row.row] = None
    return rivals
