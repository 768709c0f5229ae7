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
    """Wrong key, secret, token or permission: asking again does not help.

    Attributes:
        sub_code: The shop's own word for it, such as `isv.business-failed:2010012`; "" if none.
    """

    sub_code: str = ""


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


def many_warehouses(found: Sequence[str]) -> Problem:
    """Return what to tell where orders name warehouses that are taken for the main one."""
    there = "、".join(found[:5])
    return Problem(
        say("设置", "Settings"),
        None,
        say("分仓编号", "Separate warehouses"),
        say(f"订单里有 {len(found)} 个仓库：{there}", f"orders name {len(found)}: {there}"),
        say("分开管库存的仓库编号，或 无", "the warehouses to keep apart, or none"),
        say(
            "现在都按一个主仓算：要分开就把主仓以外的编号填上，用顿号隔开；不分仓就填 无",
            "all count as the main one: to keep some apart enter those other than the main one, "
            "separated by commas; enter none if it is one",
        ),
    )
