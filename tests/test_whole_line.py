"""From a shop's orders to the workbook, over real HTTP: what issue A promises."""

import re

import pytest

from stockbook import actions
from stockbook.domain.problems import ShopRefused, ShopUnavailable, WorkbookError
from stockbook.shops.sandbox.platform import Platform, RefusedError
from stockbook.workbook.closed.package import Package
from stockbook.workbook.closed.refs import letters
from stockbook.workbook.closed.sheet_part import SheetPart
from stockbook.workbook.closed_book import ClosedBook
from stockbook.workbook.sheets import SHEETS
from tests import adorned
from tests.practice import any_unit, practice
from tests.workbook.closed.fixtures import pack, unpack
from tests.workbook.xlsm import lint
from tests.workbook.xlsm.test_template import validated


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with practice(tmp_path_factory.mktemp("line")) as at:
        yield at


@pytest.fixture
def fresh(tmp_path):
    with practice(tmp_path, skus=12, days=20) as at:
        yield at


def known(rows):
    return [row for row in rows if any_unit(row)]


def cells(path):
    """(sheet, row, column key) -> value of every table."""
    book = ClosedBook(path)
    return {
        (spec.key, row.number, key): value
        for spec in SHEETS
        for row in book.read_table(spec.key)
        for key, value in row.cells.items()
    }


def test_the_ledger_equals_the_truth_for_every_sku_and_bucket(shop):
    assert known(shop.stock()) == shop.truth()
    assert actions.audit(shop.path) == []


def test_returns_exchanges_and_partial_refunds_are_among_them(shop):
    kinds = {wish.kind for wish in shop.simulation.wishes.values()}
    assert {"return", "part"} <= kinds
    assert sum(row["returning"] for row in shop.stock()) > 0


def enter(shop, table, row, **cells):
    package = Package.open(shop.path)
    package.put(table, {row: cells})
    package.save()


def by_id(shop):
    return {r.cells["shop_sku_id"]: r for r in ClosedBook(shop.path).read_table("sku_map")}


def test_req_05_a_kit_entered_in_the_workbook_posts_as_its_components(fresh):
    before = {row["sku"]: row for row in fresh.stock()}
    sold = max(fresh.truth(), key=lambda row: row["customer"])
    one, two = [sku for sku in before if sku != sold["sku"]][:2]
    row = by_id(fresh)[sold["shop_sku_id"]]
    assert row.cells["code"] == sold["sku"]
    enter(fresh, "tblSkuMap", row.number, 组成=f"{one}×2 + {two}")
    report = fresh.refresh()
    after = {row["sku"]: row for row in fresh.stock()}
    assert after[one]["customer"] - before[one]["customer"] == 2 * sold["customer"]
    assert after[two]["customer"] - before[two]["customer"] == sold["customer"]
    assert after[sold["sku"]]["customer"] == 0
    kits = min(after[one]["free"] // 2, after[two]["free"])
    assert by_id(fresh)[sold["shop_sku_id"]].cells["free"] == kits
    shown = {r.cells["sku"]: r.cells for r in ClosedBook(fresh.path).read_table("sku")}
    assert shown[sold["sku"]]["free"] == kits
    assert [p for p in report.problems if p.where == "SKU对照"] == []
    assert actions.audit(fresh.path) == []

    enter(fresh, "tblSkuMap", row.number, 组成=f"{one}×2 + 写错了")  # nothing changes until mended
    report = fresh.refresh()
    (problem,) = [p for p in report.problems if p.where == "SKU对照"]
    assert (problem.found, problem.row) == ("写错了", row.number)
    assert {row["sku"]: row for row in fresh.stock()} == after

    enter(fresh, "tblSkuMap", row.number, 组成=None)
    fresh.refresh()
    again = {row["sku"]: row for row in fresh.stock()}
    assert [again[sku]["customer"] for sku in (one, two, sold["sku"])] == [
        before[sku]["customer"] for sku in (one, two, sold["sku"])
    ]


def test_without_permission_for_after_sales_the_rest_goes_on_and_it_is_said(fresh, monkeypatch):
    def refuse(*_):
        raise RefusedError(30001, "isv.permission-denied", "没有售后接口权限")

    monkeypatch.setattr(Platform, "_afterSale_List", refuse)
    fresh.post("clock", {"advance_seconds": 86_400})
    report = fresh.refresh()
    assert report.orders > 0
    (problem,) = [p for p in report.problems if p.where == "afterSale.List"]
    assert "权限" in problem.fix


def test_a_second_refresh_at_the_same_instant_posts_nothing_and_changes_not_one_byte(shop):
    shop.refresh()
    before, stamp = shop.path.read_bytes(), shop.path.stat().st_mtime_ns
    report = shop.refresh()
    assert (report.moves, report.lines) == (0, 0)
    assert shop.path.read_bytes() == before
    assert shop.path.stat().st_mtime_ns == stamp


def test_the_filled_workbook_breaks_no_rule_of_excel(shop):
    assert lint.findings(shop.path) == []


@pytest.mark.ooxml
def test_microsofts_validator_finds_nothing_in_the_filled_workbook(shop):
    assert validated(shop.path, "Office2016") == []


def test_a_week_later_the_ledger_equals_the_truth_again(fresh):
    fresh.post("clock", {"advance_seconds": 7 * 86_400})
    fresh.refresh()
    assert known(fresh.stock()) == fresh.truth()
    assert actions.audit(fresh.path) == []


def test_one_cancelled_order_changes_its_own_cells_and_no_other(fresh):
    order, line = a_paid_order(fresh)
    before = cells(fresh.path)
    stock = {row["sku"]: row for row in fresh.stock()}
    fresh.post(f"orders/{order}", {"action": "refund"})
    fresh.refresh()
    after = cells(fresh.path)
    changed = {key for key in after if after[key] != before.get(key)}
    assert set(before) == set(after)
    skus = {after[sheet, row, "sku"] for sheet, row, _ in changed if sheet != "problem"}
    assert skus == {line["sku"]}
    freed = {row["sku"]: row for row in fresh.stock()}[line["sku"]]
    assert freed["free"] == stock[line["sku"]]["free"] + line["quantity"]
    assert freed["allocated"] == stock[line["sku"]]["allocated"] - line["quantity"]


def a_paid_order(at):
    """A paid, unshipped order with one line, and that line."""
    found = min(
        (o for o in at.simulation.orders.values() if o.state == "paid" and len(o.lines) == 1),
        key=lambda o: o.order_id,
    )
    line = found.lines[0]
    return found.order_id, {"sku": line.item.sku, "quantity": line.quantity}


def test_an_unreachable_shop_leaves_workbook_and_ledger_as_they_were(fresh, monkeypatch):
    before, stock = fresh.path.read_bytes(), fresh.stock()
    monkeypatch.setenv("STOCKBOOK_GATEWAY", "http://127.0.0.1:9")
    with pytest.raises(ShopUnavailable):
        fresh.refresh()
    assert (fresh.path.read_bytes(), fresh.stock()) == (before, stock)


def test_a_wrong_secret_is_said_and_not_shown(fresh, monkeypatch):
    monkeypatch.setenv("STOCKBOOK_APP_SECRET", "not-the-secret")
    for token in fresh.data.glob("token*"):
        token.unlink()
    with pytest.raises(ShopRefused) as caught:
        fresh.refresh()
    assert "not-the-secret" not in str(caught.value)


def test_an_open_workbook_is_refused_before_anything_is_pulled(fresh):
    fresh.post("clock", {"advance_seconds": 86_400})
    before, stock = fresh.path.read_bytes(), fresh.stock()
    lock = fresh.path.with_name(f"~${fresh.path.name}")
    lock.write_bytes(b"\x04Anna")
    with pytest.raises(WorkbookError, match="Anna"):
        fresh.refresh()
    lock.unlink()
    assert (fresh.path.read_bytes(), fresh.stock()) == (before, stock)


def test_faults_on_the_way_are_survived(fresh):
    fresh.post("clock", {"advance_seconds": 86_400})
    kinds = ["busy", "traffic", "truncate", "http500", "token_expired"]
    fresh.post("faults", {"next": [{"kind": kind} for kind in kinds]})
    fresh.refresh()
    assert known(fresh.stock()) == fresh.truth()


def others(path):
    """Every cell of 预警 that StockBook doesn't own, as bytes, and the sheet's frame."""
    sheet = SheetPart(unpack(path)[adorned.SHEET])
    cells = {
        (row.number, column): content
        for row in sheet.rows()
        for column, _, content in sheet.cells(row.body)
        if column > 8 or row.number < 5
    }
    return cells, sheet.data[: sheet.begin] + sheet.data[sheet.end :]


def test_what_people_added_keeps_its_bytes_where_no_row_is_new(fresh):
    adorned.adorn(fresh.path)
    before, theirs = unpack(fresh.path), others(fresh.path)
    order, _ = a_paid_order(fresh)
    fresh.post(f"orders/{order}", {"action": "refund"})
    report = fresh.refresh()
    after = unpack(fresh.path)
    assert report.rows_added == 0
    assert report.cells > 0
    assert list(before) == list(after)
    changed = {name for name in before if before[name] != after[name]}
    assert all(n.startswith("xl/worksheets/sheet") or n == "xl/workbook.xml" for n in changed)
    assert others(fresh.path) == theirs


def test_with_new_rows_only_what_must_follow_the_table_moves(fresh):
    last = adorned.adorn(fresh.path)
    before, (cells, _) = unpack(fresh.path), others(fresh.path)
    fresh.post("clock", {"advance_seconds": 7 * 86_400})
    report = fresh.refresh()
    after, (now, frame) = unpack(fresh.path), others(fresh.path)
    assert report.rows_added > 0
    changed = {name for name in before if before[name] != after[name]}
    followed = {"xl/tables/table5.xml", "xl/charts/chart9.xml"}
    sheets = {name for name in changed if name.startswith("xl/worksheets/sheet")}
    tables = {name for name in changed if name.startswith("xl/tables/")}
    assert changed == followed | sheets | tables
    assert {key: now[key] for key in cells} == cells
    end = last + len([key for key in now if key[1] == 13]) - len([k for k in cells if k[1] == 13])
    table = after[adorned.TABLE].decode()
    assert f'ref="A4:M{end}"' in table
    assert '<filter val="断货"/>' in table
    assert f"$E$5:$E${end}" in after["xl/charts/chart9.xml"].decode()
    assert b"x14:slicer " in frame
    assert now[end, 13] == b"<f>tblAlert[[#This Row],[\xe5\x8f\xaf\xe5\x94\xae]]*2</f>"
    assert any("筛选" in note for note in report.notes)


# --- bad input ---------------------------------------------------------------------------


def edit(path, part, *changes):
    parts = unpack(path)
    for old, new in changes:
        assert old.encode() in parts[part], old
        parts[part] = parts[part].replace(old.encode(), new.encode())
    pack(path, parts)


def test_a_renamed_sheet_changes_nothing(fresh):
    edit(fresh.path, "xl/workbook.xml", ('name="预警"', 'name="每天看"'), ("预警!", "每天看!"))
    fresh.post("clock", {"advance_seconds": 3600})
    assert fresh.refresh().problems == ()
    assert known(fresh.stock()) == fresh.truth()


def test_a_deleted_column_is_named_and_nothing_is_written_or_lost(fresh):
    edit(fresh.path, "xl/tables/table5.xml", ('name="原因"', 'name="说明"'))
    fresh.post("clock", {"advance_seconds": 86_400})
    before = fresh.path.read_bytes()
    with pytest.raises(WorkbookError, match=r"预警.*原因.*现有.*说明"):
        fresh.refresh()
    assert fresh.path.read_bytes() == before
    edit(fresh.path, "xl/tables/table5.xml", ('name="说明"', 'name="原因"'))
    fresh.refresh()
    assert known(fresh.stock()) == fresh.truth()


def test_a_deleted_sheet_is_named(fresh):
    parts = unpack(fresh.path)
    rels = parts["xl/worksheets/_rels/sheet7.xml.rels"]
    parts["xl/worksheets/_rels/sheet7.xml.rels"] = re.sub(rb"<Relationship .*?/>", b"", rels)
    pack(fresh.path, parts)
    before = fresh.path.read_bytes()
    with pytest.raises(WorkbookError, match=r"tblAlert.*现有"):
        fresh.refresh()
    assert fresh.path.read_bytes() == before


def test_moved_columns_are_found_by_their_headers(fresh):
    """预警: 可售 and 原因 change places, header and cells."""
    swap = {"E": "F", "F": "E"}
    parts = unpack(fresh.path)
    sheet = parts[adorned.SHEET].decode()

    def swapped(found):
        cells = re.findall(r'<c r="[A-Z]+\d+".*?(?:/>|</c>)', found[2], re.DOTALL)
        named = [re.sub(r'r="([EF])', lambda m: f'r="{swap[m[1]]}', cell) for cell in cells]
        named.sort(key=lambda cell: re.search(r'r="([A-Z]+)', cell)[1])
        return f"<row {found[1]}>{''.join(named)}</row>"

    sheet = re.sub(r"<row ([^>]*[^/])>(.*?)</row>", swapped, sheet, flags=re.DOTALL)
    parts[adorned.SHEET] = sheet.encode()
    table = parts[adorned.TABLE].decode()
    parts[adorned.TABLE] = re.sub(
        r'(<tableColumn id="5".*?/>)(<tableColumn id="6".*?/>)', r"\2\1", table
    ).encode()
    pack(fresh.path, parts)
    before = {row.cells["sku"]: row.cells["free"] for row in rows_of(fresh, "alert")}
    assert fresh.refresh().problems == ()
    assert {row.cells["sku"]: row.cells["free"] for row in rows_of(fresh, "alert")} == before


def rows_of(at, name):
    return ClosedBook(at.path).read_table(name)


def type_into(at, column, row, value):
    """Type a value into a 商品 row, as a person would."""
    package = Package.open(at.path)
    table = package.table("tblSku")
    place = f"{letters(table.column(column))}{row}"
    parts = unpack(at.path)
    cell = re.compile(rf'<c r="{place}"((?: s="\d+")?)[^>]*?(?:/>|>.*?</c>)', re.DOTALL)
    sheet, n = cell.subn(rf'<c r="{place}"\1{value}', parts["xl/worksheets/sheet2.xml"].decode())
    assert n == 1
    parts["xl/worksheets/sheet2.xml"] = sheet.encode()
    pack(at.path, parts)


TEXT = ' t="inlineStr"><is><t>{}</t></is></c>'


def test_text_in_a_number_column_is_listed_and_the_rest_goes_on(fresh):
    type_into(fresh, "补货周期(天)", 6, TEXT.format("三天"))
    report = fresh.refresh()
    (problem,) = report.problems
    assert (problem.where, problem.row, problem.column) == ("商品", 6, "补货周期(天)")
    assert "三天" in problem.found
    (row,) = [r for r in rows_of(fresh, "problem") if r.cells["found"]]
    assert (row.cells["sheet"], row.cells["row"]) == ("商品", 6.0)
    assert known(fresh.stock()) == fresh.truth()
    type_into(fresh, "补货周期(天)", 6, "><v>3</v></c>")
    assert fresh.refresh().problems == ()
    assert not [r for r in rows_of(fresh, "problem") if r.cells["found"]]


def test_a_duplicate_sku_is_listed_and_the_first_row_counts(fresh):
    first, second = rows_of(fresh, "sku")[:2]
    type_into(fresh, "商家编码", second.number, TEXT.format(first.cells["sku"]))
    problems = fresh.refresh().problems
    assert (problems[0].row, problems[0].found) == (second.number, first.cells["sku"])
    assert str(first.number) in problems[0].fix
    assert known(fresh.stock()) == fresh.truth()


def test_an_id_that_excel_turned_into_a_number_is_listed(fresh):
    second = rows_of(fresh, "sku")[1]
    type_into(fresh, "商家编码", second.number, "><v>6.9123456789012E+18</v></c>")
    (problem,) = fresh.refresh().problems
    assert (problem.where, problem.row, problem.column) == ("商品", second.number, "商家编码")
    assert "文本" in problem.fix


def test_a_formula_among_the_inputs_is_not_trusted_while_excel_is_closed(fresh):
    type_into(fresh, "补货周期(天)", 6, "><f>1+1</f><v>2</v></c>")
    (problem,) = fresh.refresh().problems
    assert (problem.row, problem.column) == (6, "补货周期(天)")
    assert "Excel" in problem.fix
    assert b"<f>1+1</f>" in unpack(fresh.path)["xl/worksheets/sheet2.xml"]


def test_no_buyer_is_known_to_workbook_ledger_or_token(shop):
    places = [p for p in shop.data.rglob("*") if p.is_file()]
    assert len(places) >= 2
    everything = b"".join(p.read_bytes() for p in places)
    everything += b"".join(unpack(shop.path).values())
    for word in ("诱饵", "杭州市", "139****"):
        assert word.encode() not in everything
    assert "encrypt" not in everything.decode("utf-8", "replace")
