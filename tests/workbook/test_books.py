"""One contract for both adapters: a closed file, and a workbook open in (a pretended) Excel."""

import datetime as dt
from pathlib import Path

import pytest

from stockbook import settings
from stockbook.domain.language import speak
from stockbook.domain.problems import WorkbookError
from stockbook.workbook.book import BlockChange, Changes, TableChange
from stockbook.workbook.builder import build
from stockbook.workbook.live_book import LiveBook
from stockbook.workbook.sheets import SHEETS, labels, sheet
from tests.excel.engine import excel, opened

AT = dt.datetime(2026, 12, 10, 10, 10)
TEXTS = [
    "00123", "6911234567890123456", "1E5", "1-2", "=1+1", "@x", "+1", "-1", "2026-01-01", "TRUE",
    "12%", "#N/A", " 首空格", "'quote", "😀 emoji", "a\nb", "<&>", "5月", "x" * 32_767,
    "a\x01b", "tab\there", "cr\rx", "_x0041_", "\x7f\x85", "尾 ", "零\u200b宽", "\t=1",
]  # fmt: skip
pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning:openpyxl")


def rows(house, name="alert"):
    return [row.cells for row in house.book().read_table(name) if row.cells.get("sku")]


def alert(sku, **more):
    cells = {c.key: None for c in sheet("alert").columns if c.role in ("key", "output")}
    return cells | {"sku": sku, "name": f"商品{sku}", "level": "告急", "free": 3} | more


def apply(house, *changes, blocks=()):
    return house.book().apply(Changes(changes, blocks))


def write(house, *made, sheet_name="alert"):
    return apply(house, TableChange(sheet_name, list(made)))


def test_a_fresh_book_tells_its_id_its_language_and_its_settings(house):
    book = house.book()
    assert (book.book_id(), book.language()) == ("b1", "zh")
    assert len(book.read_table("setting")) == len(settings.SPECS)
    assert book.read_table("setting")[0].number == 5


def test_what_is_written_is_read(house):
    written = write(house, alert("A", deadline=AT, time_to_zero=0.5), alert("B"))
    assert written.rows_added == 2
    found = rows(house)
    assert [row["sku"] for row in found] == ["A", "B"]
    assert found[0]["deadline"] == AT
    assert found[0]["time_to_zero"] == 0.5
    assert found[1]["deadline"] is None
    assert found[1]["free"] == 3.0


def test_the_same_again_changes_nothing(house):
    write(house, alert("A", deadline=AT), alert("B"))
    again = write(house, alert("A", deadline=AT), alert("B"))
    assert (again.cells, again.rows_added) == (0, 0)


def test_rows_align_on_the_key_and_new_ones_come_last(house):
    write(house, alert("B", free=1), alert("A", free=2))
    write(house, alert("A", free=20), alert("C", free=30), alert("B", free=10))
    assert [(r["sku"], r["free"]) for r in rows(house)] == [("B", 10.0), ("A", 20.0), ("C", 30.0)]


def test_a_row_that_is_not_ours_any_more_loses_our_values_and_keeps_its_place(house):
    write(house, alert("A"), alert("B"))
    write(house, alert("B", free=9))
    found = rows(house)
    assert [(r["sku"], r["free"], r["level"]) for r in found] == [("A", None, None),
                                                                  ("B", 9.0, "告急")]  # fmt: skip


def test_seeds_are_written_once_and_then_belong_to_the_people(house):
    first = {"sku": "A", "name": "旧名", "category": "食品", "price": 9.5}
    outputs = {c.key: None for c in sheet("sku").columns if c.role == "output"}
    write(house, outputs | first, sheet_name="sku")
    write(house, outputs | first | {"name": "新名", "price": 1.0, "free": 4}, sheet_name="sku")
    (row,) = rows(house, "sku")
    assert (row["name"], row["category"], row["price"], row["free"]) == ("旧名", "食品", 9.5, 4.0)


def test_inputs_are_written_where_a_change_names_them(house):
    change = TableChange("sku", [{"sku": "A", "moq": 12, "counted_at": AT}],
                         columns=("moq", "counted_at"))  # fmt: skip
    apply(house, change)
    (row,) = rows(house, "sku")
    assert (row["moq"], row["counted_at"]) == (12.0, AT)


def test_a_persons_formula_in_our_column_stays_and_is_reported(house):
    write(house, alert("A", free=1), alert("B", free=2))
    header = labels("zh")["alert"]["free"]
    house.put_formula("tblAlert", header, 6, "=1+1")
    written = write(house, alert("A", free=10), alert("B", free=20))
    assert len(written.formulas_kept) == 1
    assert written.formulas_kept[0].endswith("6")
    assert house.formula_at("tblAlert", header, 6) == "=1+1"
    assert rows(house)[0]["free"] == 10.0


def test_rows_by_position_fill_and_empty(house):
    made = [{"number": i, "sheet": "商品", "row": i, "column": "c", "found": "x", "expected": "y",
             "fix": "z"} for i in (1, 2, 3)]  # fmt: skip
    apply(house, TableChange("problem", made, by_position=True))
    seen = [row.cells["row"] for row in house.book().read_table("problem")]
    assert seen == [1.0, 2.0, 3.0]
    apply(house, TableChange("problem", made[:1], by_position=True))
    seen = [row.cells["row"] for row in house.book().read_table("problem")]
    assert seen == [1.0, None, None]


def test_a_block_is_written_whole(house):
    line = BlockChange("sb_home_line", [["12月10日 星期四"]])
    first = apply(house, blocks=[line, BlockChange("sb_as_of", [[AT]])])
    again = apply(house, blocks=[line, BlockChange("sb_as_of", [[AT]])])
    assert (first.cells, again.cells) == (2, 0)


@pytest.mark.parametrize("text", TEXTS, ids=[t[:8].encode("unicode_escape") for t in TEXTS])
def test_text_survives_in_keys_and_outputs_whatever_it_looks_like(house, text):
    if text != "x" * 32_767 and text.strip() == text:
        write(house, alert(text, reason=text))
        (row,) = rows(house)
        assert (row["sku"], row["reason"]) == (text, text)
        assert write(house, alert(text, reason=text)).cells == 0
    else:
        write(house, alert("A", reason=text))
        (row,) = rows(house)
        assert row["reason"] == text


def test_a_block_takes_no_text_for_a_formula(house):
    apply(house, blocks=[BlockChange("sb_home_line", [["=HYPERLINK(1)"]])])
    assert apply(house, blocks=[BlockChange("sb_home_line", [["=HYPERLINK(1)"]])]).cells == 0


@pytest.mark.parametrize("neighbour", [False, True])
def test_a_text_like_a_formula_stays_text_and_is_written_over(house, neighbour):
    write(house, alert("A", reason="=9+9"), alert("B"))
    if neighbour:
        house.put_formula("tblAlert", labels("zh")["alert"]["reason"], 6, "=1+1")
    for text in ("=HYPERLINK(1)", "正常"):
        written = write(house, alert("A", reason=text), alert("B"))
        assert house.formula_at("tblAlert", labels("zh")["alert"]["reason"], 5) is None
        assert rows(house)[0]["reason"] == text
        assert len(written.formulas_kept) == neighbour


def test_a_text_like_a_formula_in_a_block_stays_text_and_is_written_over(house):
    for text, other in (("=1+1", "甲"), ("=1+1", "乙"), ("正常", "丙")):
        apply(
            house,
            blocks=[
                BlockChange("sb_card1_label", [[text]]),
                BlockChange("sb_home_line", [[other]]),
            ],
        )
        assert house.book().read_block("sb_card1_label") == [[text]]


def test_a_missing_name_is_told_and_does_not_stop_the_rest(house):
    blocks = [BlockChange("sb_nothing", [[1]]), BlockChange("sb_card1_value", [[7]])]
    written = apply(house, TableChange("alert", [alert("A")]), blocks=blocks)
    assert [row["sku"] for row in rows(house)] == ["A"]
    assert house.book().read_block("sb_card1_value") == [[7.0]]
    assert "sb_nothing" in written.notes()[0]
    assert "恢复" in written.notes()[0]


# --- what only an open workbook does ---------------------------------------------------------


@pytest.fixture
def live(tmp_path):
    path = tmp_path / "a.xlsm"
    build(path, book_id="b1", setting_rows=settings.setting_rows())
    return opened(path)


def test_the_application_is_as_before_after_a_write_and_after_a_failure(live):
    book = LiveBook(live, patience=0)
    before = dict(live.app.impl.states)
    book.apply(Changes([TableChange("alert", [alert("A")])]))
    assert live.app.impl.states == before
    assert ("screen_updating", False) in live.app.impl.history
    live.sheets["预警"].impl.protected = "unknown to us"
    with pytest.raises(Exception, match="protected"):
        LiveBook(live, patience=0).apply(Changes([TableChange("alert", [alert("A", free=9)])]))
    assert live.app.impl.states == before


def test_a_person_in_a_cell_delays_the_write(live):
    waits = []
    book = LiveBook(live, patience=5, sleep=waits.append)
    excel.busy = 7
    book.apply(Changes([TableChange("alert", [alert("A")])]))
    assert len(waits) == 7
    assert book.read_table("alert")[0].cells["sku"] == "A"


def test_a_person_who_stays_in_a_cell_is_told_after_a_bounded_time(live):
    waits = []
    book = LiveBook(live, patience=3, sleep=waits.append)
    excel.busy = 10**9
    with pytest.raises(WorkbookError, match="回车"):
        book.apply(Changes([TableChange("alert", [alert("A")])]))
    assert sum(waits) <= 3.5
    excel.busy = 0


def test_content_below_the_table_is_never_overwritten(live):
    live.sheets["预警"].range("C7").value = "我的小结"
    book = LiveBook(live, patience=0)
    with pytest.raises(WorkbookError, match="第 7 行"):
        book.apply(Changes([TableChange("alert", [alert(str(i)) for i in "ABCD"])]))
    assert [r for r in LiveBook(live).read_table("alert") if r.cells["sku"]] == []


def test_a_missing_table_and_a_missing_column_are_named(live):
    ws = live.sheets["预警"].impl
    top, left, _, _ = ws._tables[0].box
    ws.values[top, left + 5] = "说明"
    with pytest.raises(WorkbookError, match=r"原因.*现有.*说明"):
        LiveBook(live).read_table("alert")
    ws._tables.clear()
    with pytest.raises(WorkbookError, match=r"tblAlert.*现有"):
        LiveBook(live).read_table("alert")


def test_progress_is_told_in_the_status_bar(live):
    book = LiveBook(live)
    book.tell("正在刷新")
    assert live.app.impl.states["status_bar"] == "正在刷新"
    book.tell("")
    assert live.app.impl.states["status_bar"] is False


def calls(path: Path, count: int):
    """The calls of a refresh that adds `count` rows and of one that changes them all."""
    build(path, book_id="b1", setting_rows=settings.setting_rows())
    xl = opened(path)
    made = [alert(f"{i:06d}", reason=f"{i} 件") for i in range(count)]
    found = []
    for step in (made, [row | {"free": 9} for row in made]):
        excel.calls.clear()
        LiveBook(xl).apply(Changes([TableChange("alert", step)]))
        found.append(dict(excel.calls))
    return found


def test_the_number_of_calls_does_not_depend_on_the_number_of_rows(tmp_path):
    small, large = calls(tmp_path / "s.xlsm", 100), calls(tmp_path / "l.xlsm", 5_000)
    assert small == large
    assert sum(small[1].values()) < 60


def test_every_sheet_of_the_language_is_found(tmp_path):
    path = tmp_path / "en.xlsm"
    with speak("en"):
        build(path, language="en", book_id="b2", setting_rows=settings.setting_rows())
    book = LiveBook(opened(path))
    assert book.language() == "en"
    for spec in SHEETS:
        book.read_table(spec.key)
