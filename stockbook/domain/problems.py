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

from dataclasses import dataclass


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
