"""How the practice shop is made difficult: what `POST /sandbox/modes` may ask for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import Any, TypeVar

from stockbook.shops.sandbox.restless import Restless
from stockbook.shops.sandbox.strange import Fields, Strange, trim

MOST_ROWS, LEAST_CAP = 10_000, 100  # a page has up to 100 rows
M = TypeVar("M", Restless, Strange)


@dataclass
class Modes:
    """Which difficulties are on.

    Attributes:
        row_cap: How many orders a query may page through.
        restless: Orders change while a client pages.
        trimmed: Fields that are left out; "all" leaves only ids, states and times.
        strange: Some rows carry what nobody announced.
        lag: Lists of orders and after-sales show changes so late [s].
        partial_code: The envelope's code where some stock changes were refused, the rest done.
    """

    row_cap: int = MOST_ROWS
    restless: Restless | None = None
    trimmed: Collection[str] = ()
    strange: Strange | None = None
    lag: int = 0
    partial_code: int = 10000

    def ask(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Take an order; what it does not name stays as it is.

        Raises:
            ValueError: It asks for what does not exist; nothing is changed then.
        """
        known = [f.name for f in fields(self)]
        unknown = sorted(set(body) - set(known))
        if unknown:
            raise ValueError(f"unknown modes {unknown}; there are {known}")
        found = {name: TAKE[name](value) for name, value in body.items()}
        for name, value in found.items():
            setattr(self, name, value)
        return self.shown()

    def shown(self) -> dict[str, Any]:
        """Return what is on."""
        restless = self.restless and {
            "seed": self.restless.seed,
            "seconds": self.restless.seconds,
            "changes": self.restless.changes,
            "changed": len(self.restless.changed),
        }
        strange = self.strange and asdict(self.strange)
        return {"row_cap": self.row_cap, "restless": restless, "trimmed": list(self.trimmed),
                "strange": strange, "lag": self.lag, "partial_code": self.partial_code}  # fmt: skip

    def order_rows(self, rows: list[Fields]) -> list[Fields]:
        """Return a page of orders as the modes let it be seen."""
        seen = [self.row(row) for row in rows]
        return self.strange.orders(seen) if self.strange else seen

    def after_sale_rows(self, rows: list[Fields]) -> list[Fields]:
        """Return a page of after-sales as the modes let it be seen."""
        seen = [self.row(row) for row in rows]
        return self.strange.after_sales(seen) if self.strange else seen

    def row(self, row: Fields) -> Fields:
        """Return one row of anything as the permission lets it be seen."""
        if not self.trimmed:
            return row
        return trim(row, () if "all" in self.trimmed else self.trimmed)


def _cap(value: object) -> int:
    if value is None:
        return MOST_ROWS
    if isinstance(value, bool) or not isinstance(value, int) or value < LEAST_CAP:
        raise ValueError(f"row_cap is a number of rows, {LEAST_CAP} or more, or null")
    return value


def _seconds(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("lag is a whole number of seconds, 0 or more")
    return value


def _partial(value: object) -> int:
    if value not in (10000, 10001) or type(value) is not int:
        raise ValueError("partial_code is 10000 or 10001")
    return value


def _names(value: object) -> Collection[str]:
    if isinstance(value, bool) or value is None:
        return ("all",) if value else ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("trimmed is true, false, or a list of field names")
    return tuple(value)


def _made(kind: type[M], value: object) -> M | None:
    """Return a mode from true, false or its settings."""
    if isinstance(value, bool) or value is None:
        return kind() if value else None
    known = {f.name for f in fields(kind)} - {"answers", "changed"}
    if not isinstance(value, Mapping) or set(value) - known:
        raise ValueError(f"{kind.__name__.lower()} is true, false, or some of {sorted(known)}")
    for name, number in value.items():
        fits = isinstance(number, int | float if name == "share" else int)
        if not fits or isinstance(number, bool) or number < 0:
            raise ValueError(f"{name} is a number, 0 or more (whole, but for share)")
    return kind(**value)


TAKE: Mapping[str, Callable[[object], Any]] = {
    "row_cap": _cap,
    "restless": partial(_made, Restless),
    "trimmed": _names,
    "strange": partial(_made, Strange),
    "lag": _seconds,
    "partial_code": _partial,
}
