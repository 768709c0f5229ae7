"""What one run knows about the shop, from stock to plan: the result that the workbook shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from stockbook.domain.analysis_tables import Analysis
from stockbook.domain.clock import beijing
from stockbook.domain.demand import DemandHistory
from stockbook.domain.language import say
from stockbook.domain.ledger import Components
from stockbook.domain.problems import Problem
from stockbook.domain.records import UNMAPPED
from stockbook.domain.tables import FACTORS
from stockbook.domain.uplift import NOTHING, Measured


class CountResult(NamedTuple):
    """A stock count and the units by which it differed from the books.

    `is_first`: the first of its SKU and warehouse, which has nothing to differ from.
    """

    sku: str
    warehouse: str
    at: int
    on_hand: int
    variance: int
    reason: str
    is_first: bool

    @property
    def unexplained(self) -> bool:
        """Whether it differs and nobody said why."""
        return bool(self.variance) and not self.reason and not self.is_first


@dataclass(frozen=True)
class Stock:
    """What the ledger says at one instant.

    Attributes:
        listing: One row a SKU the shop lists: sku, name, category, price_fen, shop_sku_id.
        positions: One row a SKU, schema `POSITION`.
        counted: The SKUs whose stock was counted; only their figures mean anything.
        as_of: The instant of the newest order data [Unix s], None before the first pull.
        today_units: Units paid today so far.
        today_fen: What buyers paid for them [fen].
        orders: Orders known.
        kits: The shop's codes that stand for several of our SKUs; they have no stock of their
            own. `components`: the same by platform SKU.
        counts: Every stock count, oldest first.
        kit_hints: Platform SKUs that the platform calls kits.
    """

    listing: pd.DataFrame
    positions: pd.DataFrame
    counted: frozenset[str]
    as_of: int | None
    today_units: int = 0
    today_fen: int = 0
    orders: int = 0
    kits: Mapping[str, Components] = field(default_factory=dict)
    components: Mapping[str, Components] = field(default_factory=dict)
    counts: Sequence[CountResult] = ()
    kit_hints: frozenset[str] = frozenset()

    def free(self) -> dict[str, int]:
        """Return the units nobody has claimed of every SKU that was counted."""
        known = self.known_positions()
        return dict(zip(known["sku"], known["free"].astype(int), strict=True))

    def known_positions(self) -> pd.DataFrame:
        """The positions of SKUs that were counted."""
        return self.positions[self.positions["sku"].isin(self.counted)].reset_index(drop=True)

    def problems(self) -> list[Problem]:
        """What keeps some SKUs out of the plan: no count yet, or no code of the merchant's own."""
        moved = self.positions.drop(columns="sku").any(axis=1)
        skus = set(self.listing["sku"]) | set(self.positions.loc[moved, "sku"])
        skus -= set(self.kits)
        skus -= {UNMAPPED + key for key in self.components}
        strange = sorted(s for s in skus if s.startswith(UNMAPPED))
        missing = sorted(skus - self.counted - set(strange))
        found = []
        if missing:
            found.append(_uncounted(missing, len(skus)))
        if strange:
            found.append(_unmapped(strange))
        if unclear := sorted(self.kit_hints - set(self.components)):
            found.append(_unclear(unclear))
        if unexplained := [count for count in self.counts if count.unexplained]:
            found.append(_unexplained(unexplained))
        return found


def _uncounted(skus: list[str], total: int) -> Problem:
    some = "、".join(skus[:3]) + ("…" if len(skus) > 3 else "")  # noqa: PLR2004
    return Problem(
        say("商品", "SKUs"),
        None,
        say("盘点数量", "Counted"),
        say(f"{total} 个商品里有 {len(skus)} 个没盘点：{some}",
            f"{len(skus)} of {total} SKUs were never counted: {some}"),
        say("盘点数量和盘点时间", "a counted quantity and its time"),
        say("填上在库良品的盘点数量和时间；没盘点的商品不预警、不建议补货",
            "enter what is in the house and when it was counted; without it there is no alert"),
    )  # fmt: skip


def _unmapped(skus: list[str]) -> Problem:
    some = "、".join(s.removeprefix(UNMAPPED) for s in skus[:3])
    return Problem(
        say("抖店商品", "shop listing"),
        None,
        say("商家编码", "SKU"),
        say(f"{len(skus)} 个平台SKU没有商家编码：{some}",
            f"{len(skus)} SKUs of the shop have no merchant code: {some}"),
        say("每个平台SKU一个商家编码", "one merchant code each"),
        say("在抖店后台给这些SKU填上商家编码，再刷新一次；它们的订单已先记在 未识别 下",
            "enter merchant codes in the shop's back office and refresh; their orders are kept"),
    )  # fmt: skip


def _unclear(kits: Sequence[str]) -> Problem:
    some = "、".join(kits[:3]) + ("…" if len(kits) > 3 else "")  # noqa: PLR2004
    return Problem(
        say("SKU对照", "SKU map"),
        None,
        say("组成", "Made of"),
        say(f"平台说 {len(kits)} 个SKU是组合，没说组成：{some}",
            f"the platform calls {len(kits)} SKUs kits and not of what: {some}"),
        say("商家编码和件数，如 A×2 + B", "codes and units, such as A×2 + B"),
        say("在这些行的 组成 里写上；写好之前按它自己的编码记账",
            "write them under Made of; until then the kit's own code is posted"),
    )  # fmt: skip


def _unexplained(counts: Sequence[CountResult]) -> Problem:
    some = "、".join(f"{c.sku} {beijing(c.at):%m-%d %H:%M} {c.variance:+}" for c in counts[:3])
    more = "…" if len(counts) > 3 else ""  # noqa: PLR2004
    return Problem(
        say("收货与盘点", "Receiving and counts"),
        None,
        say("原因", "Reason"),
        say(f"{len(counts)} 次盘点有差异、没有原因：{some}{more}",
            f"{len(counts)} counts differ and have no reason: {some}{more}"),
        say("每个差异一个原因", "a reason for each"),
        say("在那一行的 原因（商品 表里是 差异原因）选一个；盘点已按数到的记账",
            "choose one in the count's row; the count itself is posted"),
    )  # fmt: skip


@dataclass(frozen=True)
class Outlook:
    """What will run out, when, and what to order: one table a stage.

    `measured`: what events did to demand; `factors`: what multiplies the base, schema `FACTORS`.
    """

    now: int
    stock: Stock
    catalogue: pd.DataFrame
    history: DemandHistory
    forecast: pd.DataFrame
    levels: pd.DataFrame
    alerts: pd.DataFrame
    purchase: pd.DataFrame
    movements: pd.DataFrame
    problems: Sequence[Problem] = field(default=())
    measured: Measured = NOTHING
    factors: pd.DataFrame = field(default_factory=FACTORS.empty)
    analysis: Analysis | None = None

    @property
    def names(self) -> pd.DataFrame:
        """Each SKU's name: columns sku, name."""
        return self.catalogue[["sku", "name"]]
