"""Analysis files of 电商罗盘 and other tools: what is read, what is refused, what is never kept."""

from datetime import datetime

import openpyxl
import pytest

from stockbook.domain.clock import instant
from stockbook.domain.problems import ShopError
from stockbook.shops.insight_columns import mapped
from stockbook.shops.insight_file import is_insight, read_insight

NOW = instant(datetime(2026, 3, 2, 10))
HEADER = "日期,商品ID,商品名称,商品曝光次数,商品访客数,成交人数,成交件数,成交金额（元）,买家昵称"
ROW = '2026-03-01,36000001\t,遮阳伞,"1,200",100,5,6,"1,234.50",欧阳诱饵'


def csv(tmp_path, *rows, encoding="utf-8-sig", name="流量.csv"):
    path = tmp_path / name
    path.write_text("\n".join(rows), encoding)
    return path


def xlsx(tmp_path, **sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    path = tmp_path / "画像.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk"])
def test_traffic_is_read_in_both_encodings_below_a_title(tmp_path, encoding):
    path = csv(tmp_path, "商品流量", HEADER, ROW, encoding=encoding)
    found = read_insight(path, now=NOW)
    (row,) = found.traffic
    assert (row.day, row.product, row.name) == ("2026-03-01", "36000001", "遮阳伞")
    assert (row.exposures, row.visitors, row.buyers, row.units) == (1200, 100, 5, 6)
    assert row.amount_fen == 123450
    assert found.problems == []
    assert "诱饵" not in repr(found)  # a buyer's column is never read


def test_english_headers_other_orders_and_every_form_of_a_day(tmp_path):
    rows = ("20260301", "2026/3/1", "2026年3月1日", "46082")
    path = csv(tmp_path, "visitors,Product Name,date",
               *(f"{i},umbrella {i},{day}" for i, day in enumerate(rows)))  # fmt: skip
    assert {row.day for row in read_insight(path, now=NOW).traffic} == {"2026-03-01"}


def test_people_may_say_what_a_column_is_called(tmp_path):
    path = csv(tmp_path, "日期,商品ID,逛过的人", "2026-03-01,1,77")
    assert not is_insight(path)
    own = mapped(["访客数=逛过的人"])
    assert own == mapped(["visitors=逛过的人"]) == {"visitors": "逛过的人"}
    (row,) = read_insight(path, now=NOW, own=own).traffic
    assert row.visitors == 77
    with pytest.raises(ShopError, match="visitors=浏览人数"):
        mapped(["什么=逛过的人"])
    with pytest.raises(ShopError):
        mapped(["visitors"])


def test_buyers_follow_from_conversion_and_visitors_from_clicks(tmp_path):
    path = csv(tmp_path, "日期,商品ID,点击次数,转化率", "2026-03-01,1,200,2.5%")
    (row,) = read_insight(path, now=NOW).traffic
    assert (row.visitors, row.buyers) == (200, 5)


def test_bad_rows_are_named_with_row_and_cure_and_the_others_are_kept(tmp_path):
    rows = ["2026-03-01,1,10", "合计,1,10", "2026-03-01,2,-3", "2026-03-01,3,很多",
            "2027-03-01,4,10", "2026-03-01,1.23E+18,10", ",,", "2026-03-01,,10"]  # fmt: skip
    found = read_insight(csv(tmp_path, "日期,商品ID,访客数", *rows), now=NOW)
    assert [row.product for row in found.traffic] == ["1"]
    assert [(p.row, p.column) for p in found.problems] == [
        (3, "日期"), (4, "商品访客数"), (5, "商品访客数"), (6, "日期"),
        (7, "商品ID"), (9, "商品ID"),
    ]  # fmt: skip
    assert all(p.fix and p.expected for p in found.problems)


def test_rows_of_one_day_that_differ_are_named_and_the_last_counts(tmp_path):
    path = csv(tmp_path, "日期,商品ID,访客数", *(f"2026-03-01,1,{n}" for n in (10, 10, 12)))
    found = read_insight(path, now=NOW)
    assert [row.visitors for row in found.traffic] == [12]
    assert [p.row for p in found.problems] == [4]


def test_shares_of_buyers_on_several_sheets(tmp_path):
    path = xlsx(
        tmp_path,
        说明=[["电商罗盘"]],
        性别=[["性别", "占比"], ["女", "71.5%"], ["男", 28.5]],
        城市=[["城市等级", "成交人数"], ["一线", 30], ["二线", 90]],
        地域=[
            ["维度", "分类", "占比"],
            ["省份", "浙江省", 0.4],
            ["性别", "女", 0.7],
            ["手机号", "1", 1],
        ],
    )
    path_is = is_insight(path)
    found = read_insight(path, now=NOW)
    shares = {(a.kind, a.segment): round(a.share, 3) for a in found.audience}
    assert path_is
    assert shares["gender", "男"] == 0.285
    assert shares["province", "浙江"] == 0.4
    assert [p.row for p in found.problems] == [4]  # a phone number is no group of buyers
    assert "画像.xlsx · 地域" in found.problems[0].where


def test_heads_become_shares_of_their_kind(tmp_path):
    path = csv(tmp_path, "年龄段,人数", "18-23,30", "24-30,90")
    assert [a.share for a in read_insight(path, now=NOW).audience] == [0.25, 0.75]


@pytest.mark.parametrize(
    "rows",
    [
        ("a,b", "1,2"),
        ("日期,访客数", "2026-03-01,3"),
        ("",),
        ("订单编号,子订单编号,商品数量,订单状态",),
    ],
)
def test_a_file_that_is_no_analysis_is_refused_with_what_it_needs(tmp_path, rows):
    path = csv(tmp_path, *rows)
    assert not is_insight(path)
    with pytest.raises(ShopError, match=r"访客数.*--map"):
        read_insight(path, now=NOW)


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "坏.xlsx"
    path.write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(ShopError, match="已损坏"):
        read_insight(path, now=NOW)
