"""The one source of the workbook: every sheet, column and fixed block, in both languages.

Code names sheets and columns by key, never by label or address; see `columns` for the roles and
`blocks` for the fixed sheets.
"""

from __future__ import annotations

from collections.abc import Sequence

from stockbook.domain.language import Language
from stockbook.workbook.blocks import (
    AHEAD_DAYS,
    BLOCKS,
    CARD_COLUMNS,
    CARD_ROW,
    CARDS,
    FORMULA_BLOCKS,
    MOST_FILES,
)
from stockbook.workbook.columns import (
    ANALYSIS,
    ANALYSIS_DATA,
    CARD,
    CHART_DATA,
    DECISIONS,
    FIRST_ROW,
    FIXED_SHEETS,
    FRESHNESS,
    HANDLING,
    HEADER_ROW,
    HOME,
    OURS,
    THEIRS,
    BlockSpec,
    ColumnSpec,
    SheetSpec,
    pick,
)
from stockbook.workbook.tables import PAST_DAYS, SHEETS

__all__ = [
    "AHEAD_DAYS",
    "ANALYSIS",
    "ANALYSIS_DATA",
    "BLOCKS",
    "CARD",
    "CARDS",
    "CARD_COLUMNS",
    "CARD_ROW",
    "CHART_DATA",
    "DECISIONS",
    "FIRST_ROW",
    "FIXED_SHEETS",
    "FORMULA_BLOCKS",
    "FRESHNESS",
    "HANDLING",
    "HEADER_ROW",
    "HOME",
    "MOST_FILES",
    "OURS",
    "PAST_DAYS",
    "SHEETS",
    "THEIRS",
    "BlockSpec",
    "ColumnSpec",
    "SheetSpec",
    "column",
    "key_column",
    "labels",
    "language_of",
    "pick",
    "sheet",
]

_BY_KEY = {spec.key: spec for spec in SHEETS}


def sheet(key: str) -> SheetSpec:
    """Return the sheet of that key.

    Example:
        >>> sheet("sku").table
        'tblSku'
    """
    return _BY_KEY[key]


def column(sheet_key: str, key: str) -> ColumnSpec:
    """Return one column of a sheet.

    Example:
        >>> column("sku", "free").label.zh
        '可售'
    """
    return next(spec for spec in sheet(sheet_key).columns if spec.key == key)


def key_column(sheet_key: str) -> ColumnSpec | None:
    """Return the column that finds a sheet's rows, or None where rows go by position."""
    return next((spec for spec in sheet(sheet_key).columns if spec.role == "key"), None)


def language_of(headers: Sequence[str]) -> Language:
    """Return the language in which the headers of the sheet 商品 are written.

    Example:
        >>> language_of(["SKU", "Product"]), language_of(["商家编码"])
        ('en', 'zh')
    """
    key = column("sku", "sku").label
    return "en" if key.en in headers and key.zh not in headers else "zh"


def labels(language: Language) -> dict[str, dict[str, str]]:
    """Return sheet key → column key → header.

    Example:
        >>> labels("zh")["sku"]["lead_time_days"]
        '补货周期(天)'
    """
    return {
        spec.key: {each.key: pick(each.label, language) for each in spec.columns} for spec in SHEETS
    }
