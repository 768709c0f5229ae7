"""What 设置 says; credentials; and where data lives.

Settings are read from the workbook's 设置 sheet. Secrets never are: they come from the operating
system's keyring, or from the environment where that overrides it.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keyring
import keyring.errors
import platformdirs

from stockbook.domain.language import say
from stockbook.domain.problems import Problem, SettingsError
from stockbook.domain.webhook import Webhook, WebhookKind, address_fault
from stockbook.setting_specs import SPECS, Settings, SettingSpec

GATEWAY = "https://openapi-fxg.jinritemai.com"
KEYRING_SERVICE = "stockbook"


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
            "default": "–" if spec.default == "" else spec.shown(spec.default),
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


def webhooks() -> tuple[Webhook, ...]:
    """Return the group robots that are set up, from the environment or the keyring.

    `STOCKBOOK_FEISHU_URL`, `…_SECRET`, `STOCKBOOK_DINGTALK_URL`, `…_SECRET`, `STOCKBOOK_WECOM_URL`;
    in the keyring the same in small letters without `stockbook_`.

    Raises:
        SettingsError: An address is none, or not https; the message does not repeat it.
    """
    found = []
    for kind in WebhookKind:
        url = _secret(f"{kind}_url").strip()
        if not url:
            continue
        if fault := address_fault(url):
            name = f"STOCKBOOK_{kind.upper()}_URL"
            raise SettingsError(
                say(
                    f"{kind.label}机器人的地址（{name}）不能用：{fault}。"
                    "请在群里重新复制 webhook 地址，再存一次",
                    f"The address of the {kind.label} robot ({name}) is unusable: {fault}. "
                    "Copy the webhook address from the group again and store it",
                )
            )
        secret = _secret(f"{kind}_secret").strip() if kind.has_secret else ""
        found.append(Webhook(kind, url, secret))
    return tuple(found)


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
    """Append an error and where it came from to the log, unless the disk takes nothing."""
    log = log_file()
    with suppress(OSError):
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as file:
            traceback.print_exception(error, file=file)


def data_folder() -> Path:
    """Return the folder for ledgers, tokens and logs: `STOCKBOOK_DATA` or the user's own."""
    chosen = os.environ.get("STOCKBOOK_DATA")
    return Path(chosen) if chosen else platformdirs.user_data_path("StockBook", appauthor=False)


__all__ = [
    "GATEWAY",
    "KEYRING_SERVICE",
    "SPECS",
    "Credentials",
    "SettingSpec",
    "Settings",
    "credentials",
    "data_folder",
    "log_error",
    "log_file",
    "read_settings",
    "setting_rows",
    "shop_id",
    "webhooks",
]
