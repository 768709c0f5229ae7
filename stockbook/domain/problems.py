"""What can be wrong, in two channels: bad rows are listed, broken runs raise.

StockBookError
├── SettingsError    a setting or a credential is missing or out of range
├── ShopError        the shop cannot be reached or refuses
│   ├── ShopRefused      wrong key, secret, token or permission: asking again does not help
│   └── ShopUnavailable  no answer, busy or half an answer after all retries
├── StoreError       the ledger cannot be opened, is newer than this program, or is damaged
└── WorkbookError    the workbook cannot be read or must not be written
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stockbook.domain.language import say


class StockBookError(Exception):
    """A run that cannot go on; the message is for the user and says what to do."""


class SettingsError(StockBookError):
    """A setting or a credential is missing or out of range."""


class ShopError(StockBookError):
    """The shop cannot be reached or refuses."""


class ShopRefused(ShopError):  # noqa: N818 - reads as what happened
    """Wrong key, secret, token or permission: asking again does not help."""


class ShopUnavailable(ShopError):  # noqa: N818 - reads as what happened
    """No answer, busy, or half an answer after all retries."""


class StoreError(StockBookError):
    """The ledger cannot be opened, is newer than this program, or is damaged."""


class WorkbookError(StockBookError):
    """The workbook cannot be read or must not be written; nothing was written."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one row; the run goes on without it.

    Attributes:
        where: The sheet, file or platform method it stands in.
        row: The row people see in Excel (1 is the first), or None.
        column: The column's label, or "".
        found: What stands there.
        expected: What should stand there.
        fix: What to do.
    """

    where: str
    row: int | None
    column: str
    found: str
    expected: str
    fix: str


def not_permitted(method: str, found: str) -> Problem:
    """Return what to tell where the account may not call a method; the run goes on without it."""
    return Problem(
        method,
        None,
        "",
        found,
        say("有售后查询权限", "permission to read after-sales"),
        say(
            "退货、换货和部分退款暂时跟踪不到；请在抖店开放平台给应用加上售后权限包后重新授权",
            "returns, exchanges and partial refunds are not followed; add the after-sale "
            "permission to the app on the Open Platform and authorise again",
        ),
    )


def which_warehouse(where: str, row: int | None, sku: str, houses: Sequence[str]) -> Problem:
    """Return what to tell where a SKU lies in several warehouses and an entry names none."""
    there = "、".join(houses)
    return Problem(
        where,
        row,
        say("仓库", "Warehouse"),
        say(f"{sku} 没写仓库", f"{sku} without a warehouse"),
        say(f"一个仓库编号：{there}", f"one warehouse: {there}"),
        say(
            "这个商品分放在几个仓库：请在 收货与盘点 里写明仓库；这一条没有记账",
            "the SKU lies in several warehouses: name one on the sheet Receiving and counts; "
            "this was not posted",
        ),
    )
