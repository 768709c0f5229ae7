"""Every setting with its default, unit and bounds; credentials; and where data lives.

Settings are read from the workbook's 设置 sheet. Secrets never are: they come from the operating
system's keyring, or from the environment where that overrides it.
"""

from __future__ import annotations

import math
import os
import re
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keyring
import keyring.errors
import platformdirs

from stockbook.domain.language import Label, say
from stockbook.domain.problems import Problem, SettingsError
from stockbook.setting_specs_publish import PUBLISH_SPECS

GATEWAY = "https://openapi-fxg.jinritemai.com"
KEYRING_SERVICE = "stockbook"


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
    rule: str = "normal"
    service_level: float = 0.95
    review_days: float = 2
    lead_time_days: float = 3
    lead_time_sd: float = 0.5
    watch_factor: float = 1.25
    buffer_units: float = 0
    buffer_share: float = 0
    settle_seconds: float = 5

    def separate_warehouses(self) -> tuple[str, ...]:
        """Return the warehouses that are kept apart from the main one.

        Example:
            >>> Settings(warehouses="北仓、 SZ2").separate_warehouses()
            ('北仓', 'SZ2')
        """
        names = re.split(r"[、,，;；\s]+", self.warehouses.strip())
        return tuple(dict.fromkeys(n for n in names if n and n not in NO_WAREHOUSES))


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
        return "–" if self.low is None else f"{self.low:g}–{self.high:g}"

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
        Label("分钟", "minutes"),
        Label("超过后全表变灰，请先刷新", "older data greys out: refresh first"),
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
        "stock.rule",
        STOCK,
        Label("安全库存算法", "Rule"),
        NONE,
        Label(
            "按波动：日均×保护期＋缓冲；按天数：日均×补货周期，最多×5/3",
            "normal: mean × protection + buffer; days: mean × lead time, up to × 5/3",
        ),
        choices={"normal": Label("按波动", "normal"), "days": Label("按天数", "days")},
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
    *(SettingSpec(*spec) for spec in PUBLISH_SPECS),
)


def setting_rows(settings: Settings | None = None) -> list[dict[str, Any]]:
    """Return the rows of 设置, by the column keys of `sheets.py`, in the language spoken now."""
    chosen = settings or Settings()
    return [
        {
            "setting": spec.key,
            "group": str(spec.group),
            "label": str(spec.label),
            "value": spec.shown(getattr(chosen, spec.name)),
            "unit": str(spec.unit),
            "default": spec.shown(spec.default) or "–",
            "bounds": spec.bounds(),
            "help": str(spec.help),
        }
        for spec in SPECS
    ]


def read_settings(
    rows: Iterable[tuple[int, Mapping[str, Any]]], where: str
) -> tuple[Settings, list[Problem]]:
    """Read the 设置 sheet; a bad value is a Problem and the default holds.

    Args:
        rows: Row number and values by column key.
        where: The sheet's name, for the problems.
    """
    chosen: dict[str, Any] = {}
    problems = []
    specs = {spec.key: spec for spec in SPECS}
    for number, values in rows:
        spec, cell = specs.get(str(values.get("setting") or "").strip()), values.get("value")
        if spec is None or cell is None or cell == "":
            continue
        parsed = spec.parse(cell)
        if parsed is None:
            problems.append(_bad_setting(spec, number, cell, where))
        else:
            chosen[spec.name] = parsed
    return replace(Settings(), **chosen), problems


def _bad_setting(spec: SettingSpec, row: int, cell: object, where: str) -> Problem:
    default = spec.shown(spec.default)
    return Problem(
        where,
        row,
        say("值", "Value"),
        str(cell),
        spec.bounds(),
        say(
            f"把“{spec.label}”改成允许范围内的值；这次先用默认值 {default}",
            f"set “{spec.label}” to an allowed value; the default {default} was used",
        ),
    )


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the platform needs to know us; the secret never shows in a repr."""

    gateway: str
    app_key: str
    app_secret: str = field(repr=False)
    shop_id: str


def credentials() -> Credentials:
    """Return the shop's credentials from the environment or the keyring.

    Raises:
        SettingsError: One is in neither place; the message says how to store it.
    """
    found = {name: _secret(name) for name in ("app_key", "app_secret", "shop_id")}
    missing = [f"STOCKBOOK_{name.upper()}" for name, value in found.items() if not value]
    if missing:
        names = "、".join(missing)
        raise SettingsError(
            say(
                f"还没有店铺凭证：{names}。请设为环境变量，或存入系统钥匙串"
                f"（keyring set {KEYRING_SERVICE} app_key 等）；想先试用请运行 stockbook demo",
                f"No credentials for the shop: {names}. Set them in the environment or the "
                f"system keyring (keyring set {KEYRING_SERVICE} app_key …); "
                "to try first, run stockbook demo",
            )
        )
    gateway = _secret("gateway") or GATEWAY
    return Credentials(gateway, found["app_key"], found["app_secret"], found["shop_id"])


def shop_id() -> str:
    """Return the shop's id where one is set, else ""."""
    return _secret("shop_id")


def _secret(name: str) -> str:
    value = os.environ.get(f"STOCKBOOK_{name.upper()}")
    if value:
        return value
    try:
        return keyring.get_password(KEYRING_SERVICE, name) or ""
    except keyring.errors.KeyringError:
        return ""


def log_file() -> Path:
    """Return where details of unexpected errors go."""
    return data_folder() / "logs" / "stockbook.log"


def log_error(error: BaseException) -> None:
    """Append an error and where it came from to the log."""
    log = log_file()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        traceback.print_exception(error, file=file)


def data_folder() -> Path:
    """Return the folder for ledgers, tokens and logs: `STOCKBOOK_DATA` or the user's own."""
    chosen = os.environ.get("STOCKBOOK_DATA")
    return Path(chosen) if chosen else platformdirs.user_data_path("StockBook", appauthor=False)
