"""Where sales came from, told late: lines that are known and whose channel nobody had told."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from sqlalchemy import Connection, bindparam, update

from stockbook.domain.records import OrderLine
from stockbook.store import schema
from stockbook.store.writing import kept

ORIGIN = tuple(c.name for c in schema.order_line.columns if c.info.get("kept"))
_KEYS = ("shop_id", "line_id")
_values = attrgetter(*ORIGIN, *_KEYS)
_t = schema.order_line
_FILL = (
    update(_t)
    .where(*(_t.c[name] == bindparam(f"of_{name}") for name in _KEYS))
    .values({name: kept(_t.c[name], bindparam(f"new_{name}")) for name in ORIGIN})
)
_NAMES = (*(f"new_{name}" for name in ORIGIN), *(f"of_{name}" for name in _KEYS))


def fill_origins(connection: Connection, lines: Sequence[OrderLine]) -> None:
    """Add where sales came from to lines that are no other news, such as of a file read again."""
    rows = [_values(line) for line in lines if line.channel or line.province]
    if rows:
        connection.execute(_FILL, [dict(zip(_NAMES, row, strict=True)) for row in rows])
