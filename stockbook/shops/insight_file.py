"""Analysis files of 电商罗盘 and third-party tools: traffic of products, and shares of buyers.

Only the columns of `insight_columns` are read; names, phones and accounts of buyers never are. A
product's day that stands in a file replaces what was known of it, so files can be imported twice.
Where a file has no visitors, clicks stand in; where it has no buyers, visitors × conversion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from stockbook.domain.channels import province_of
from stockbook.domain.clock import day_of
from stockbook.domain.language import say
from stockbook.domain.problems import Problem
from stockbook.domain.traffic import Audience, Traffic
from stockbook.shops.export_file import SCAN, Table, first_rows, open_table, refused, sheet_names
from stockbook.shops.export_rows import BadCellError, digits_cure, text_of
from stockbook.shops.insight_columns import (
    AUDIENCE,
    KIND_LABELS,
    KINDS,
    METRICS,
    TRAFFIC,
    places,
    plain,
)

Row = Mapping[str, Any]
MOST = 10**12  # of any figure
MOST_SAID = 20  # bad rows that are named one by one
SERIAL = (40_000, 80_000)  # Excel's day numbers of this century
_FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y.%m.%d", "%Y年%m月%d日")


@dataclass
class Insight:
    """What one file holds; `rows` are those with something in them, bad ones included."""

    name: str
    rows: int = 0
    traffic: list[Traffic] = field(default_factory=list)
    audience: list[Audience] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def is_insight(path: Path, own: Mapping[str, str] | None = None) -> bool:
    """Tell whether some sheet of a file has the columns of an analysis file.

    Raises:
        ShopError: It cannot be read.
    """
    return any(_header(open_table(path, i), own or {}) for i, _ in enumerate(sheet_names(path)))


def read_insight(path: Path, *, now: int, own: Mapping[str, str] | None = None) -> Insight:
    """Read every sheet of one file that has our columns.

    Args:
        now: Days after it are refused [Unix s].
        own: Our column → the file's name, where people say so.

    Raises:
        ShopError: It cannot be read, or no sheet is an analysis; the message says what to do.
    """
    found, seen = Insight(path.name), list[str]()
    for i, sheet in enumerate(sheet_names(path)):
        table = open_table(path, i)
        header = _header(table, own or {}, seen)
        if header:
            where = f"{path.name} · {sheet}" if sheet else path.name
            _read_sheet(found, where, table, header, day_of(now))
    if not found.rows and not found.problems:
        raise _no_analysis(path, seen)
    return found


@dataclass(frozen=True)
class Header:
    """Where our columns stand, and whether the rows are shares of buyers."""

    places: Mapping[str, int]
    audience: bool


def _header(table: Table, own: Mapping[str, str], seen: list[str] | None = None) -> Header | None:
    """Find the header among the first rows."""
    for _, cells in first_rows(table, SCAN):
        found = places(cells, TRAFFIC, own)
        product = "product" in found or "name" in found
        if "day" in found and product and any(name in found for name in METRICS):
            return Header(found, audience=False)
        shares = places(cells, AUDIENCE, own)
        grouped = any(k in shares for k in KINDS) or {"kind", "segment"} <= set(shares)
        if grouped and ("share" in shares or "people" in shares) and not product:
            return Header(shares, audience=True)
        if seen is not None and len(named := [str(c) for c in cells if c]) > len(seen):
            seen[:] = named
    return None


def _no_analysis(path: Path, seen: Sequence[str]) -> Exception:
    have = "、".join(seen[:12]) or "–"
    return refused(
        path,
        say(
            "不像分析文件：商品流量要有 日期、商品ID（或商品名称）和 访客数、成交人数 等之一；"
            f"买家画像要有 性别、年龄、城市等级 或 省份，和 占比。看到的是 {have}；"
            "列名不同时用 --map visitors=文件里的列名",
            "is no analysis file: traffic needs 日期, 商品ID or 商品名称, and 访客数 or 成交人数; "
            f"a buyer profile 性别, 年龄, 城市等级 or 省份 with 占比. Found {have}; where names "
            "differ use --map visitors=the file's name",
        ),
    )


def _read_sheet(found: Insight, where: str, table: Table, header: Header, today: date) -> None:
    bad, rows = list[tuple[int, BadCellError]](), list[tuple[int, Row]]()
    for number, cells in table:
        row = {k: text_of(cells[at]) for k, at in header.places.items() if at < len(cells)}
        if any(value != "" for value in row.values()):
            rows.append((number, row))
    found.rows += len(rows)
    if header.audience:
        found.audience += _shares(rows, bad)
    else:
        found.traffic += _days(rows, bad, today)
    found.problems += _said(where, bad)


# --- traffic ----------------------------------------------------------------------------------


def _days(
    rows: Sequence[tuple[int, Row]], bad: list[tuple[int, BadCellError]], today: date
) -> list[Traffic]:
    """Return good rows, one a product and day: of rows that differ the last one."""
    found: dict[tuple[str, str], Traffic] = {}
    for number, row in rows:
        try:
            traffic = _traffic(row, today)
        except BadCellError as error:
            bad.append((number, error))
            continue
        key = traffic.day, traffic.product
        if key in found and found[key] != traffic:
            bad.append((number, _twice(traffic)))
        found[key] = traffic
    return list(found.values())


def _twice(row: Traffic) -> BadCellError:
    return BadCellError(
        TRAFFIC["product"][0], f"{row.day} {row.name or row.product}",
        say("每个商品每天一行", "one row a product and day"),
        say("同一天有几行不同的数，取了最后一行；导出时不要再按渠道或载体拆分",
            "rows of one day differ, the last one counts: export without a split by channel"),
    )  # fmt: skip


def _traffic(row: Row, today: date) -> Traffic:
    count = {name: _whole(row, name) for name in ("exposures", "clicks", "visitors", "buyers",
                                                  "units")}  # fmt: skip
    if count["visitors"] is None:
        count["visitors"] = count["clicks"]
    rate, visitors = _share(row, "rate", TRAFFIC), count["visitors"]
    if count["buyers"] is None and rate is not None and visitors is not None:
        count["buyers"] = round(visitors * min(rate, 1.0))
    amount = _number(row, "amount", TRAFFIC)
    name = str(row.get("name") or "")
    return Traffic(
        day=_day(row, today).isoformat(),
        product=_product(row) or name,
        name=name,
        **count,
        amount_fen=None if amount is None else round(amount * 100),
    )


def _product(row: Row) -> str:
    """Return the product's id as text; one that went through a number has lost digits."""
    cell = row.get("product", "")
    lost = isinstance(cell, float) or (isinstance(cell, int) and cell >= 10**15)
    if lost or "E+" in str(cell).upper():
        raise BadCellError(
            TRAFFIC["product"][0], cell, say("完整的编号", "the whole id"), digits_cure()
        )
    if not cell and not row.get("name"):
        raise BadCellError(
            TRAFFIC["product"][0], say("空", "empty"), say("商品ID 或 商品名称", "an id or a name"),
            say("这一行已跳过", "the row was skipped"),
        )  # fmt: skip
    return str(cell)


def _day(row: Row, today: date) -> date:
    cell = row.get("day", "")
    found = _parsed(cell)
    if found is None:
        raise BadCellError(
            TRAFFIC["day"][0], cell or say("空", "empty"), "2026-11-24",
            say("导出时选 按天，每个商品每天一行；汇总行已跳过",
                "export day by day, one row a product and day; sums of a period are skipped"),
        )  # fmt: skip
    if found > today:
        raise BadCellError(
            TRAFFIC["day"][0], cell, say("不晚于今天", "not in the future"),
            say("请检查这台电脑的日期；没错的话重新导出", "check this computer's date"),
        )  # fmt: skip
    return found


def _parsed(cell: Any) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    text = str(cell).split(" ")[0]
    if text.isdigit() and SERIAL[0] < int(text) < SERIAL[1]:
        return date(1899, 12, 30) + timedelta(days=int(text))
    for form in _FORMS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - Beijing days
        except ValueError:
            continue
    return None


# --- shares of buyers -------------------------------------------------------------------------


def _shares(rows: Sequence[tuple[int, Row]], bad: list[tuple[int, BadCellError]]) -> list[Audience]:
    """Return the shares of each kind; heads become shares of their kind's sum."""
    found: dict[tuple[str, str], float] = {}
    heads = not any(row.get("share") for _, row in rows)
    for number, row in rows:
        try:
            kind, segment = _group(row)
            value = _number(row, "people", AUDIENCE) if heads else _share(row, "share", AUDIENCE)
            if value is None:
                raise _bad("share", AUDIENCE, "")
        except BadCellError as error:
            bad.append((number, error))
            continue
        found[kind, segment] = float(value)
    totals: dict[str, float] = {}
    for (kind, _), value in found.items():
        totals[kind] = totals.get(kind, 0.0) + value
    whole = {kind: total if heads and total else 1.0 for kind, total in totals.items()}
    return [Audience(kind, segment, value / whole[kind], place)
            for place, ((kind, segment), value) in enumerate(found.items())]  # fmt: skip


def _group(row: Row) -> tuple[str, str]:
    """Return a row's kind and group: of a column of its own, or of 维度 and 分类."""
    own = next(((k, str(row[k])) for k in KINDS if row.get(k)), None)
    kind, segment = own or ("", str(row.get("segment") or ""))
    if not own:
        told = plain(row.get("kind"))
        kind = next((k for k in KINDS if told in map(plain, AUDIENCE[k])), "")
    if kind == "province":
        segment = province_of(segment) or ""
    if not kind or not segment:
        raise BadCellError(
            AUDIENCE["kind"][0], row.get("kind") or next(iter(row.values()), ""),
            "、".join(label.zh for label in KIND_LABELS.values()),
            say("只收性别、年龄、城市等级和省份的占比；这一行已跳过",
                "only shares by sex, age, city tier and province are kept; the row was skipped"),
        )  # fmt: skip
    return kind, segment


# --- figures ----------------------------------------------------------------------------------


def _number(row: Row, key: str, names: Mapping[str, Sequence[str]]) -> float | None:
    """Return a figure such as `1,234`, `1.2万` or `¥99`; None where the cell is empty."""
    cell = row.get(key, "")
    text = str(cell).replace(",", "").replace("，", "").strip("¥￥元人次件 ")
    if text in ("", "-", "--"):
        return None
    times = 10_000 if text.endswith("万") else 1
    try:
        found = Decimal(text.removesuffix("万")) * times
    except InvalidOperation:
        raise _bad(key, names, cell) from None
    if not found.is_finite() or not 0 <= found < MOST:
        raise _bad(key, names, cell)
    return float(found)


def _whole(row: Row, key: str) -> int | None:
    found = _number(row, key, TRAFFIC)
    return None if found is None else round(found)


def _share(row: Row, key: str, names: Mapping[str, Sequence[str]]) -> float | None:
    """Return a share: `12.5%`, 0.125, or 12.5, which can only be per cent."""
    cell = row.get(key, "")
    per_cent = str(cell).endswith(("%", "％"))
    found = _number({key: str(cell).rstrip("%％")}, key, names)
    if found is None:
        return None
    share = found / 100 if per_cent or found > 1 else found
    if share > 1:
        raise _bad(key, names, cell)
    return share


def _bad(key: str, names: Mapping[str, Sequence[str]], cell: Any) -> BadCellError:
    return BadCellError(
        names[key][0], cell if cell != "" else say("空", "empty"),
        say("不小于 0 的数字（占比不超过 100%）", "a number of 0 or more (shares up to 100 %)"),
        say("这一行已跳过；请核对导出文件", "the row was skipped; check the file"),
    )  # fmt: skip


def _said(where: str, bad: Sequence[tuple[int, BadCellError]]) -> Iterator[Problem]:
    for number, error in bad[:MOST_SAID]:
        yield Problem(where, number, error.column, str(error.found), error.expected, error.fix)
    more = len(bad) - MOST_SAID
    if more > 0:
        yield Problem(
            where, None, bad[-1][1].column, say(f"还有 {more:,} 行也不对", f"{more:,} more rows"),
            "", say("请核对导出文件", "check the file"),
        )  # fmt: skip
