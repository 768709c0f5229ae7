"""What files of 电商罗盘 and third-party tools tell: traffic of products, shares of buyers."""

from __future__ import annotations

from typing import NamedTuple


class Traffic(NamedTuple):
    """One product on one day; None where the file does not say.

    Attributes:
        day: ISO date. `product`: the platform's id, or the name where the file has no id.
        buyers: People who paid.
    """

    day: str
    product: str
    name: str
    exposures: int | None = None
    clicks: int | None = None
    visitors: int | None = None
    buyers: int | None = None
    units: int | None = None
    amount_fen: int | None = None


class Audience(NamedTuple):
    """The share of one group among the buyers, 0..1; `place` is its place in the file."""

    kind: str
    segment: str
    share: float
    place: int
