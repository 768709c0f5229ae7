"""Position against levels → alert level, with the reason in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stockbook.domain.alert_level import AlertLevel
from stockbook.domain.clock import DAY
from stockbook.domain.language import say
from stockbook.domain.records import Inbound
from stockbook.domain.tables import ALERT, records

Z90 = 1.2816
HOUR = 3600


def time_to_zero(free: float, demand_mean: float) -> float:
    """Return the days until free stock is gone.

    Args:
        free: Good stock nobody has claimed [units].
        demand_mean: Mean demand [units/day].

    Returns:
        0 where there is none left, infinity where nothing is asked for [days].

    Example:
        >>> time_to_zero(50, 100), time_to_zero(-3, 1)
        (0.5, 0.0)
    """
    if free <= 0:
        return 0.0
    return free / demand_mean if demand_mean > 0 else math.inf


def lead_time_p90(mean: float, sd: float) -> float:
    """Return the lead time that nine deliveries of ten keep, normal approximation [days].

    Example:
        >>> round(lead_time_p90(3, 0.5), 2)
        3.64
    """
    return mean + Z90 * sd


@dataclass(frozen=True)
class Situation:
    """One SKU at one instant: stock, demand, what comes, what the levels ask."""

    free: int
    demand_mean: float
    reorder_point: float
    lead_p90_days: float
    fastest_days: float  # the emergency lead time, or the usual p90 where none is known
    now: int
    watch_factor: float
    inbound: tuple[Inbound, ...] = ()

    @property
    def zero_days(self) -> float:
        """Days until free stock is gone."""
        return time_to_zero(self.free, self.demand_mean)

    @property
    def timely(self) -> tuple[Inbound, ...]:
        """Inbound that arrives before free stock is gone: only that counts."""
        zero = self.now + self.zero_days * DAY
        return tuple(i for i in self.inbound if i.due_at < zero)

    @property
    def position(self) -> int:
        """Inventory position: free plus the timely inbound."""
        return self.free + sum(i.quantity for i in self.timely)

    def level(self) -> AlertLevel:
        """Return the level: the first row of the table that holds."""
        if self.free <= 0:
            return AlertLevel.OUT
        if self.demand_mean > 0 and not self.timely and self.zero_days <= self._help_days():
            return AlertLevel.CRITICAL
        if self.demand_mean > 0 and self.position <= self.reorder_point:
            return AlertLevel.LOW
        if self.demand_mean > 0 and self.position <= self.watch_factor * self.reorder_point:
            return AlertLevel.WATCH
        return AlertLevel.OK

    def _help_days(self) -> float:
        """Days until the first help can be here: the next inbound, or an emergency order."""
        due = [(i.due_at - self.now) / DAY for i in self.inbound]
        return min(due) if due else self.fastest_days

    def order_by_at(self) -> float:
        """Return the last instant to order in time [Unix s], not before now; NaN if never."""
        if self.demand_mean <= 0:
            return math.nan
        slack = max(0.0, self.zero_days - self.lead_p90_days)
        return self.now + slack * DAY

    def reason(self, level: AlertLevel) -> str:
        """Return why it stands at that level, in words."""
        free, zero = f"{self.free:,}", duration(self.zero_days)
        if level == AlertLevel.OUT:
            return _out_reason(self.free)
        if level == AlertLevel.CRITICAL:
            source = self._help_words()
            return say(f"可售 {free} 件，约 {zero}后卖完；{source}",
                       f"{free} free, gone in about {zero}; {source}")  # fmt: skip
        if level == AlertLevel.OK:
            return say(f"可售 {free} 件，够卖 {zero}", f"{free} free, enough for {zero}")
        line = self.reorder_point * (self.watch_factor if level == AlertLevel.WATCH else 1)
        sign = "≤" if self.position <= line else ">"
        extra = "" if level == AlertLevel.LOW else f" × {self.watch_factor:g}"
        return say(
            f"可售＋在途 {self.position:,} {sign} 安全库存线 {self.reorder_point:,.0f}{extra}；"
            f"约 {zero}后卖完",
            f"position {self.position:,} {sign} reorder point {self.reorder_point:,.0f}{extra}; "
            f"gone in about {zero}",
        )

    def _help_words(self) -> str:
        days = duration(self._help_days())
        if self.inbound:
            return say(f"最近一批还要 {days}才到", f"the next delivery takes {days}")
        return say(f"现在下单最快 {days}到", f"an order placed now takes {days}")


def _out_reason(free: int) -> str:
    if free < 0:
        return say(f"超卖 {-free:,} 件，没有货可发", f"oversold by {-free:,}: nothing to ship")
    return say("可售为 0，已经卖不了", "nothing free to sell")


def duration(days: float) -> str:
    """Return a span in words.

    Example:
        >>> duration(0.03), duration(0.132), duration(3.26)
        ('43 分钟', '3 小时 10 分', '3.3 天')
    """
    if math.isinf(days):
        return say("很久", "long")
    if days >= 2:  # noqa: PLR2004 - hours read better below two days
        return say(f"{days:.1f} 天", f"{days:.1f} days")
    hours, minutes = divmod(int(days * 1440), 60)
    if not minutes:
        return say(f"{hours} 小时", f"{hours} h")
    if not hours:
        return say(f"{minutes} 分钟", f"{minutes} min")
    return say(f"{hours} 小时 {minutes} 分", f"{hours} h {minutes} min")


def alerts(
    positions: pd.DataFrame,
    forecast: pd.DataFrame,
    levels: pd.DataFrame,
    catalogue: pd.DataFrame,
    inbound: Sequence[Inbound],
    *,
    now: int,
    watch_factor: float = 1.25,
) -> pd.DataFrame:
    """Return the alert level of every SKU in `positions` (those that were counted).

    Args:
        positions: Schema `POSITION`; forecast, levels and catalogue: their schemas.
        inbound: What is on its way, with its p90 arrival.
        now: Unix s.

    Returns:
        One row per SKU of `positions` that the catalogue knows, schema `ALERT`, in its order.
    """
    frame = positions[["sku", "free"]].merge(catalogue, on="sku")
    frame = frame.merge(forecast[["sku", "demand_mean"]], on="sku", how="left")
    frame = frame.merge(levels[["sku", "reorder_point"]], on="sku", how="left")
    coming: dict[str, list[Inbound]] = {}
    for due in sorted(inbound, key=lambda i: i.due_at):
        coming.setdefault(due.sku, []).append(due)
    rows = [
        (r["sku"], situation(r, tuple(coming.get(r["sku"], ())), now, watch_factor))
        for r in records(frame)
    ]
    return ALERT.make([_row(sku, s) for sku, s in rows])


def situation(
    row: dict[str, Any], inbound: tuple[Inbound, ...], now: int, watch_factor: float
) -> Situation:
    """Return one SKU's situation from its joined row."""
    p90 = lead_time_p90(row["lead_time_days"], row["lead_time_sd"])
    hours = row["emergency_lead_time_hours"]
    fastest = p90 if math.isnan(hours) else min(p90, hours * HOUR / DAY)
    mean = row["demand_mean"]
    return Situation(
        int(row["free"]),
        0.0 if math.isnan(mean) else mean,
        row["reorder_point"],
        p90,
        fastest,
        now,
        watch_factor,
        inbound,
    )


def _row(sku: str, s: Situation) -> dict[str, object]:
    level = s.level()
    first = s.inbound[0] if s.inbound else None
    return {
        "sku": sku,
        "level": str(level),
        "time_to_zero_days": s.zero_days,
        "days_of_cover": s.zero_days,
        "inventory_position": s.position,
        "next_inbound_at": first.due_at if first else math.nan,
        "next_inbound_quantity": first.quantity if first else math.nan,
        "order_by_at": s.order_by_at(),
        "reason": s.reason(level),
    }


__all__ = [
    "AlertLevel",
    "Situation",
    "alerts",
    "duration",
    "lead_time_p90",
    "situation",
    "time_to_zero",
]
