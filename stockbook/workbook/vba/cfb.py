"""A compound file, the container of a VBA project.

Source: Microsoft's [MS-CFB], version 3: sectors of 512 bytes, a mini stream for what is shorter
than 4,096 bytes, directory entries in red-black trees.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Union

SECTOR, MINI, CUTOFF = 512, 64, 4096
FREE, END, FAT, NOBODY = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
IN_HEADER = 109  # FAT sectors that the header can list
Tree = Mapping[str, Union[bytes, "Tree"]]


@dataclass
class Entry:
    """One directory entry: a stream with data, or a storage with children."""

    name: str
    data: bytes | None
    kind: int
    left: int = NOBODY
    right: int = NOBODY
    child: int = NOBODY
    black: int = 1
    start: int = 0
    size: int = 0

    def packed(self) -> bytes:
        """Return the entry's 128 bytes."""
        name = f"{self.name}\0".encode("utf-16-le")
        return name.ljust(64, b"\0") + struct.pack(
            "<HBBIII16sI8s8sIQ",
            *(len(name), self.kind, self.black, self.left, self.right, self.child),
            *(bytes(16), 0, bytes(8), bytes(8), self.start, self.size),
        )


UNUSED = bytes(64) + struct.pack(
    "<HBBIII16sI8s8sIQ",
    *(0, 0, 0, NOBODY, NOBODY, NOBODY, bytes(16), 0, bytes(8), bytes(8), 0, 0),
)


class Sectors:
    """Sectors and the table that chains them."""

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.next: list[int] = []

    def chain(self, data: bytes) -> int:
        """Append data as a chain; return its first sector."""
        if not data:
            return END
        first, count = len(self.data), -(-len(data) // SECTOR)
        for i in range(count):
            self.data.append(data[i * SECTOR : (i + 1) * SECTOR].ljust(SECTOR, b"\0"))
            self.next.append(first + i + 1 if i + 1 < count else END)
        return first


def compound(tree: Tree) -> bytes:
    """Return a compound file with these storages (mappings) and streams (bytes).

    Raises:
        ValueError: It would be larger than about 6.8 MB.
    """
    entries: list[Entry] = []
    _add(entries, "Root Entry", tree)
    entries[0].kind = 5
    sectors = Sectors()
    mini, mini_next = _place_streams(entries, sectors)
    entries[0].start, entries[0].size = sectors.chain(mini), len(mini)
    table = b"".join(struct.pack("<I", v) for v in mini_next)
    table = table.ljust(-(-len(table) // SECTOR) * SECTOR, b"\xff")
    mini_table = sectors.chain(table)
    listed = b"".join(entry.packed() for entry in entries)
    listed += UNUSED * (-len(entries) % (SECTOR // 128))
    directory = sectors.chain(listed)
    return _assembled(sectors, directory, mini_table, len(table) // SECTOR)


def _add(entries: list[Entry], name: str, node: bytes | Tree) -> int:
    entry = Entry(name, node if isinstance(node, bytes) else None, 2)
    entries.append(entry)
    place = len(entries) - 1
    if isinstance(node, Mapping):
        entry.kind = 1
        ordered = sorted(node.items(), key=lambda item: (len(item[0]), item[0].upper()))
        children = [_add(entries, child, what) for child, what in ordered]
        levels = len(children).bit_length()
        full = len(children) == 2**levels - 1
        entry.child = _balanced(entries, children, depth=1, red=0 if full else levels)
    return place


def _balanced(entries: list[Entry], places: Sequence[int], *, depth: int, red: int) -> int:
    """Link sorted entries into a balanced tree; only the level `red` is red."""
    if not places:
        return NOBODY
    middle = len(places) // 2
    entry = entries[places[middle]]
    entry.left = _balanced(entries, places[:middle], depth=depth + 1, red=red)
    entry.right = _balanced(entries, places[middle + 1 :], depth=depth + 1, red=red)
    entry.black = int(depth != red or depth == 1)
    return places[middle]


def _place_streams(entries: Sequence[Entry], sectors: Sectors) -> tuple[bytes, list[int]]:
    """Put long streams into sectors; return the mini stream of the others and its chains."""
    mini, chains = bytearray(), list[int]()
    for entry in entries:
        if entry.data is None:
            continue
        entry.size = len(entry.data)
        if entry.size >= CUTOFF:
            entry.start = sectors.chain(entry.data)
        elif entry.size:
            count, entry.start = -(-entry.size // MINI), len(chains)
            last = entry.start + count - 1
            chains += [i + 1 if i < last else END for i in range(entry.start, last + 1)]
            mini += entry.data.ljust(count * MINI, b"\0")
        else:
            entry.start = END
    return bytes(mini), chains


def _assembled(sectors: Sectors, directory: int, mini_table: int, mini_sectors: int) -> bytes:
    count = 1
    while count * (SECTOR // 4) < len(sectors.data) + count:
        count += 1
    if count > IN_HEADER:
        raise ValueError("the project is larger than 6.8 MB")
    first = len(sectors.data)
    table = [*sectors.next, *[FAT] * count]
    table += [FREE] * (count * (SECTOR // 4) - len(table))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack(
        "<HHHHH6sIIIIIIIII",
        *(0x3E, 3, 0xFFFE, 9, 6, bytes(6), 0, count, directory, 0, CUTOFF),
        *(mini_table if mini_sectors else END, mini_sectors, END, 0),
    )
    places = [first + i if i < count else FREE for i in range(IN_HEADER)]
    head += struct.pack(f"<{IN_HEADER}I", *places)
    return head + b"".join(sectors.data) + struct.pack(f"<{len(table)}I", *table)
