"""Every setting with its default, unit, bounds and words: the rows of 设置."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stockbook.domain.alert_level import AlertLevel
from stockbook.domain.alerting import Policy
from stockbook.domain.language import Label
from stockbook.setting_specs_publish import PUBLISH_SPECS

NO_WAREHOUSES = ("无", "none", "None", "-")


@dataclass(frozen=True, slots=True)
class Settings:
    """What people may tune; the defaults suit a small shop."""

    shop_name: str = ""
    stale_minutes: float = 30
    warehouses: str = ""
    history_days: float = 365
    movement_days: float = 30
    window_days: float = 28
    tier: str = "small"
    tier_seconds: float = 20
    rule: str = "quantile"
    service_level: float = 0.95
    service_mode: str = "fixed"
    penalty_yuan: float = 3
    holding_share: float = 0.3
    review_days: float = 2
    lead_time_days: float = 3
    lead_time_sd: float = 0.5
    watch_factor: float = 1.25
    buffer_units: float = 0
    buffer_share: float = 0
    settle_seconds: float = 5
    tell_from: str = "low"
    calm_minutes: float = 30
    quiet_from: float = 22
    quiet_until: float = 8
    digest_lines: float = 12

    def separate_warehouses(self) -> tuple[str, ...]:
        """Return the warehouses that are kept apart from the main one.

        Example:
            >>> Settings(warehouses="北仓、 SZ2").separate_warehouses()
            ('北仓', 'SZ2')
        """
        names = re.split(r"[、,，;；\s]+", self.warehouses.strip())
        return tuple(dict.fromkeys(n for n in names if n and n not in NO_WAREHOUSES))

    def service(self) -> dict[str, Any]:
        """Return how the service level of a SKU that states none is found."""
        return {
            "mode": self.service_mode,
            "usual": self.service_level,
            "penalty_yuan": self.penalty_yuan,
            "holding_share": self.holding_share,
            "review_days": self.review_days,
        }

    def alert_policy(self) -> Policy:
        """Return when people are told of an alert."""
        return Policy(
            AlertLevel(self.tell_from),
            self.calm_minutes,
            self.quiet_from,
            self.quiet_until,
            int(self.digest_lines),
        )


@dataclass(frozen=True, slots=True)
class SettingSpec:
    """One row of 设置: `name` is the field of `Settings`, `key` the id people never change."""

    key: str
    group: Label
    label: Label
    unit: Label
    help: Label
    low: float | None = None
    high: float | None = None
    choices: Mapping[str, Label] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The field of `Settings` this row fills."""
        return self.key.partition(".")[2]

    @property
    def default(self) -> str | float:
        """What holds while nobody fills the cell."""
        value: str | float = getattr(Settings(), self.name)
        return value

    def shown(self, value: object) -> str | float:
        """Return a setting's value as the cell shows it."""
        if self.choices:
            return str(self.choices[str(value)])
        return value if isinstance(value, (int, float)) else str(value)

    def bounds(self) -> str:
        """Return what the cell accepts, in words."""
        if self.choices:
            return " / ".join(str(label) for label in self.choices.values())
        if self.low is None or self.high is None:
            return "–"
        return "–".join(f"{x:,.0f}" if x == int(x) else f"{x:g}" for x in (self.low, self.high))

    def parse(self, cell: object) -> str | float | None:
        """Return the cell's value, or None where it is not acceptable."""
        if self.choices:
            words = {w: c for c, label in self.choices.items() for w in (c, *label)}
            return words.get(str(cell).strip())
        if self.low is None or self.high is None:
            whole = isinstance(cell, float) and cell.is_integer()
            return str(int(cell) if whole else cell).strip()  # type: ignore[call-overload]
        try:
            number = float(cell)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return None
        return number if math.isfinite(number) and self.low <= number <= self.high else None


SHOP, DATA = Label("店铺", "Shop"), Label("数据", "Data")
STOCK, ALERTS = Label("安全库存", "Safety stock"), Label("预警", "Alerts")
HOURS, MINUTES = Label("点", "o'clock"), Label("分钟", "minutes")
TOLD = [level for level in AlertLevel if level != AlertLevel.OK]
DAYS, NONE, SHARE = Label("天", "days"), Label("–", "–"), Label("比例", "share")
SPECS = (
    SettingSpec(
        "shop.shop_name",
        SHOP,
        Label("店铺名称", "Shop name"),
        NONE,
        Label("显示在首页", "shown on Home"),
    ),
    SettingSpec(
        "shop.warehouses",
        SHOP,
        Label("分仓编号", "Separate warehouses"),
        NONE,
        Label(
            "主仓以外、分开管库存的平台仓库编号，用顿号隔开；只有一个仓库就留空",
            "warehouses (the platform's ids) kept apart from the main one, separated by commas",
        ),
    ),
    SettingSpec(
        "data.stale_minutes",
        DATA,
        Label("数据过期", "Data is stale after"),
        MINUTES,
        Label(
            "超过后全表变灰，不再给建议，请先刷新",
            "older data greys out and gives no advice: refresh first",
        ),
        5,
        1440,
    ),
    SettingSpec(
        "data.history_days",
        DATA,
        Label("分析天数", "History used"),
        DAYS,
        Label("预测只看最近这么多天", "the forecast looks this far back"),
        28,
        1095,
    ),
    SettingSpec(
        "data.movement_days",
        DATA,
        Label("流水天数", "Stock movements"),
        DAYS,
        Label("库存流水 从这么多天前算起", "Stock movements begin this many days ago"),
        1,
        366,
    ),
    SettingSpec(
        "data.window_days",
        DATA,
        Label("移动平均天数", "Moving average window"),
        DAYS,
        Label("加权移动平均的窗口，越近权重越大", "newer days weigh more"),
        7,
        90,
    ),
    SettingSpec(
        "data.tier",
        DATA,
        Label("预测档次", "Forecast tier"),
        NONE,
        Label(
            "小店：自带方法，几秒；时间序列：卖得最多的商品再试 ETS 和 SARIMAX；机器学习：一个模型"
            "管全部（要先装 stockbook[ml]）。只有过去六周明显更准的商品才换",
            "small: built-in, seconds; time series: ETS and SARIMAX for what sells most; ml: one "
            "model over all (needs stockbook[ml]). Taken only where clearly better on six weeks",
        ),
        choices={
            "small": Label("小店", "small"),
            "time_series": Label("时间序列", "time series"),
            "ml": Label("机器学习", "machine learning"),
        },
    ),
    SettingSpec(
        "data.tier_seconds",
        DATA,
        Label("时间序列最多", "Time for time series"),
        Label("秒", "s"),
        Label("到时间还没轮到的用自带方法", "what is not reached keeps the built-in methods"),
        5,
        600,
    ),
    SettingSpec(
        "stock.rule",
        STOCK,
        Label("安全库存算法", "Rule"),
        NONE,
        Label(
            "按把握：保护期内有多大把握不断货，按店里的历史校准；按波动：日均×保护期＋缓冲；"
            "按天数：日均×补货周期，最多×5/3",
            "quantile: what covers the protection period as often as asked, calibrated on the "
            "shop's past; normal: mean × protection + buffer; days: mean × lead time, up to × 5/3",
        ),
        choices={
            "quantile": Label("按把握", "quantile"),
            "normal": Label("按波动", "normal"),
            "days": Label("按天数", "days"),
        },
    ),
    SettingSpec(
        "stock.service_level",
        STOCK,
        Label("默认服务水平", "Service level"),
        SHARE,
        Label("一个补货周期内不断货的把握", "chance of no stock-out in a cycle"),
        0.5,
        0.999,
    ),
    SettingSpec(
        "stock.service_mode",
        STOCK,
        Label("服务水平按", "Service level by"),
        NONE,
        Label(
            "统一：都用默认；按ABC：卖得多的 98%、95%、90%；按经济账：缺一件少赚的毛利加罚款，"
            "对比多放一个周期的费用。商品自己填了的总是用填的",
            "fixed: the default; ABC: 98 %, 95 %, 90 % by revenue; economics: margin and penalty "
            "of a unit short against holding one for a cycle. What a SKU states itself wins",
        ),
        choices={
            "fixed": Label("统一", "fixed"),
            "abc": Label("按ABC", "ABC"),
            "economics": Label("按经济账", "economics"),
        },
    ),
    SettingSpec(
        "stock.penalty_yuan",
        STOCK,
        Label("缺货罚款", "Penalty of a unit short"),
        Label("元/件", "CNY"),
        Label("延迟或缺货一件平台扣多少；按经济账 时用", "what the platform takes; economics"),
        0,
        1000,
    ),
    SettingSpec(
        "stock.holding_share",
        STOCK,
        Label("库存年费率", "Holding cost a year"),
        SHARE,
        Label("放一年的资金和仓储费，占进价；按经济账 时用", "share of the cost; economics"),
        0.01,
        3,
    ),
    SettingSpec(
        "stock.review_days",
        STOCK,
        Label("订货间隔", "Review period"),
        DAYS,
        Label("两次下单之间隔几天", "days between two orders"),
        0,
        30,
    ),
    SettingSpec(
        "stock.lead_time_days",
        STOCK,
        Label("默认补货周期", "Lead time"),
        DAYS,
        Label("商品没单独填时用它", "for SKUs that state none"),
        0,
        180,
    ),
    SettingSpec(
        "stock.lead_time_sd",
        STOCK,
        Label("默认周期波动", "Lead time spread"),
        DAYS,
        Label("补货周期的标准差", "standard deviation of the lead time"),
        0,
        60,
    ),
    SettingSpec(
        "alert.watch_factor",
        ALERTS,
        Label("关注线", "Watch line"),
        Label("倍", "×"),
        Label("库存位置低于 安全库存线 × 它 时为关注", "watch below reorder point × this"),
        1,
        3,
    ),
    SettingSpec(
        "alert.tell_from",
        ALERTS,
        Label("手机提醒从", "Tell the phone from"),
        NONE,
        Label(
            "变到这一级或更差时发到群里；从告急或断货恢复也发",
            "this level or worse goes to the group, and the way back from critical or out",
        ),
        choices={level.value: level.label for level in TOLD},
    ),
    SettingSpec(
        "alert.calm_minutes",
        ALERTS,
        Label("好转确认", "Better counts after"),
        MINUTES,
        Label(
            "好转保持这么久才算数，免得在线上下跳时反复提醒",
            "a better level has to hold this long, so that a wavering SKU is told once",
        ),
        0,
        1440,
    ),
    SettingSpec(
        "alert.quiet_from",
        ALERTS,
        Label("免打扰开始", "Quiet from"),
        HOURS,
        Label(
            "北京时间；告急和断货照发，其余到结束时合成一条。开始＝结束就是不免打扰",
            "Beijing time; only critical and out are sent, the rest waits. Equal ends: never quiet",
        ),
        0,
        24,
    ),
    SettingSpec(
        "alert.quiet_until",
        ALERTS,
        Label("免打扰结束", "Quiet until"),
        HOURS,
        Label("北京时间，可以跨过零点", "Beijing time, may be past midnight"),
        0,
        24,
    ),
    SettingSpec(
        "alert.digest_lines",
        ALERTS,
        Label("一条提醒最多", "Most in one message"),
        Label("个商品", "SKUs"),
        Label("最急的排前面，其余只报个数", "the worst come first, the rest is counted"),
        1,
        50,
    ),
    *(SettingSpec(*spec) for spec in PUBLISH_SPECS),
)
