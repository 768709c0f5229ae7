"""What a sheet, a column and a fixed block are, and the words that several of them share.

A column's role says who owns it:

- `key`: finds the row; written once, when the row is added.
- `seed`: filled into new rows, then the people's own.
- `input`: the people's own; read, never written.
- `output`: StockBook's; written on every run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from stockbook.domain.language import Label, Language

Role = Literal["key", "seed", "input", "output"]
FIRST_ROW = 5  # the first data row of every table, as people count
HEADER_ROW = 4


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column of a table or block.

    Attributes:
        kind: What it holds: a key of `look.KINDS`.
        width: Room for its content [Excel column units]; the header may ask for more.
        choices: The words an input may hold; () is anything.
        help: What it means, shown when its header is selected.
        low, high: Bounds of a numeric input, both allowed; None is open.
    """

    key: str
    label: Label
    role: Role = "output"
    kind: str = "text"
    width: int = 10
    choices: tuple[Label, ...] = ()
    help: Label | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class SheetSpec:
    """One sheet that holds one table.

    Attributes:
        table: The table's display name, the same in both languages.
        tab: The tab's colour.
        hint: One line of explanation below the title.
        freeze: How many columns stay in sight.
        bars: Columns with data bars, and the value of a full bar.
        advice: Columns that recommend something: they say nothing where the data are stale.
        legend: The column (from 0) above which the alert legend begins, or None.
        by_position: Rows have no key of their own.
        typed_key: People may add rows by typing the key.
        hidden: Nobody looks at it; other sheets read it.
    """

    key: str
    label: Label
    table: str
    tab: str
    hint: Label
    columns: tuple[ColumnSpec, ...]
    freeze: int = 2
    bars: tuple[tuple[str, float], ...] = ()
    advice: tuple[str, ...] = ()
    legend: int | None = None
    by_position: bool = False
    typed_key: bool = False
    hidden: bool = False

    def is_theirs(self, column: ColumnSpec) -> bool:
        """Tell whether the people fill this column."""
        return column.role in ("seed", "input") or (column.role == "key" and self.typed_key)


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """A fixed block on a fixed sheet: rows × columns from the cell (`row`, `column`), from 0.

    The header of a block with several rows stands one row above it.
    """

    name: str
    sheet: str
    row: int
    column: int
    columns: tuple[ColumnSpec, ...]
    rows: int = 1


def keyed(key: str, zh: str, en: str, kind: str = "text", width: int = 10) -> ColumnSpec:
    """Return a column that finds the row."""
    return ColumnSpec(key, Label(zh, en), "key", kind, width)


def seeded(
    key: str, zh: str, en: str, kind: str = "text", width: int = 10, **more: Any
) -> ColumnSpec:
    """Return a column that is filled into new rows and then the people's."""
    return ColumnSpec(key, Label(zh, en), "seed", kind, width, **more)


def entered(
    key: str, zh: str, en: str, kind: str = "text", width: int = 10, **more: Any
) -> ColumnSpec:
    """Return a column that people fill in."""
    return ColumnSpec(key, Label(zh, en), "input", kind, width, **more)


def computed(
    key: str, zh: str, en: str, kind: str = "text", width: int = 10, **more: Any
) -> ColumnSpec:
    """Return a column that StockBook fills."""
    return ColumnSpec(key, Label(zh, en), "output", kind, width, **more)


DECISIONS = {
    "pending": Label("待确认", "Pending"),
    "ordered": Label("已下单", "Ordered"),
    "declined": Label("不采用", "Declined"),
}
HANDLING = {
    "ordered": Label("已下单", "Ordered"),
    "working": Label("处理中", "Working on it"),
    "ignored": Label("忽略", "Ignored"),
}
FRESHNESS = {
    "fresh": Label("新鲜", "Fresh"),
    "aged": Label("偏旧", "Ageing"),
    "failed": Label("失败", "Failed"),
}
REASONS = (
    Label("破损", "Damaged"),
    Label("丢失", "Lost"),
    Label("错发漏发", "Wrongly shipped"),
    Label("录入错误", "Entry error"),
    Label("样品领用", "Sample"),
    Label("其他", "Other"),
)
YES_NO = {"yes": Label("是", "Yes"), "no": Label("否", "No")}
OURS, THEIRS = Label("系统计算", "StockBook fills"), Label("你来填写", "You fill in")
HOME, CHART_DATA = Label("首页", "Home"), Label("图数据", "chart_data")
CARD = Label("商品卡片", "SKU card")
ANALYSIS, ANALYSIS_DATA = Label("数据分析", "Analysis"), Label("分析数据", "analysis_data")
FIXED_SHEETS = {
    "home": HOME,
    "card": CARD,
    "analysis": ANALYSIS,
    "chart_data": CHART_DATA,
    "analysis_data": ANALYSIS_DATA,
}

SKU, NAME = Label("商家编码", "SKU"), Label("商品名称", "Product")
LEVEL = ColumnSpec("level", Label("预警", "Alert"), kind="level")
ZERO = ColumnSpec(
    "time_to_zero",
    Label("断货倒计时", "Time to zero"),
    kind="countdown",
    width=14,
    help=Label("按现在的卖速，可售还能卖多久", "How long free stock lasts at the present rate"),
)

KEY = keyed("sku", *SKU, "id", 14)
OUT_NAME = computed("name", *NAME, "text", 26)
NOTE = entered("note", "备注", "Note", "text", 20)


def pick(label: Label, language: Language) -> str:
    """Return the label's text in `language`, whatever is spoken now."""
    return label.zh if language == "zh" else label.en
