"""撤销: what a write changed goes back, unless people have changed it since."""

import datetime as dt
from pathlib import Path

import pytest

from stockbook import settings
from stockbook.domain.problems import WorkbookError
from stockbook.workbook import history
from stockbook.workbook.book import BlockChange, Changes, TableChange
from stockbook.workbook.builder import build
from stockbook.workbook.closed_book import ClosedBook
from stockbook.workbook.history import History, digest
from stockbook.workbook.sheets import labels, sheet
from stockbook.workbook.undo import KeptBook, undo

AT = 1796868600  # 2026-12-10 10:10 in Beijing
ZH = labels("zh")
pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning:openpyxl")


def steps(house, tmp_path):
    return History(tmp_path / "data", "b1", house.path)


def write(house, tmp_path, *rows, sheet_name="sku", blocks=()):
    book = KeptBook(house.book(), steps(house, tmp_path), "refresh", AT)
    return book.apply(Changes([TableChange(sheet_name, list(rows))], blocks))


def take_back(house, tmp_path):
    return undo(house.book(), steps(house, tmp_path))


def sku(code, **more):
    cells = dict.fromkeys(c.key for c in sheet("sku").columns if c.role in ("seed", "output"))
    return cells | {"sku": code, "name": f"商品{code}", "free": 3} | more


def cells(house):
    """Every cell that a write may touch; rows left empty at a table's end say nothing."""
    book = house.book()
    tables = {
        name: [r.cells for r in book.read_table(name) if any(r.cells.values())] for name in ZH
    }
    blocks = {
        name: book.read_block(name) for name in ("sb_home_actions", "sb_as_of", "sb_card1_value")
    }
    return tables, blocks


def shown(house, code, name):
    return next(r.cells[name] for r in house.book().read_table("sku") if r.cells["sku"] == code)


def row_of(house, code):
    return next(r.number for r in house.book().read_table("sku") if r.cells["sku"] == code)


HOME = (
    BlockChange("sb_card1_value", [[7]]),
    BlockChange("sb_as_of", [[dt.datetime(2026, 12, 10)]]),
)


def test_req_24_undo_gives_back_every_cell(house, tmp_path):
    write(house, tmp_path, sku("A", shop_sku_id="00123"), sku("B"))
    before = cells(house)
    write(
        house,
        tmp_path,
        sku("A", free=9, shop_sku_id="1E5"),
        sku("B", free=8),
        sku("C"),
        blocks=HOME,
    )
    undone = take_back(house, tmp_path)
    assert cells(house) == before
    assert (undone.action, undone.at, undone.left) == ("refresh", AT, ())
    assert undone.cells > 5


def test_several_steps_go_back_one_by_one(house, tmp_path):
    states = [cells(house)]
    for free in (1, 2, 3):
        write(house, tmp_path, sku("A", free=free), blocks=HOME)
        states.append(cells(house))
    for state in reversed(states[:-1]):
        take_back(house, tmp_path)
        assert cells(house) == state
    with pytest.raises(WorkbookError, match="没有可撤销的写入"):
        take_back(house, tmp_path)


def test_what_people_changed_since_stays_and_is_named(house, tmp_path):
    write(house, tmp_path, sku("A"), sku("B"))
    write(house, tmp_path, sku("A", free=9, allocated=5), sku("B", free=9))
    row = row_of(house, "A")
    house.put("tblSku", ZH["sku"]["free"], row, 77.0)
    undone = take_back(house, tmp_path)
    assert undone.left == (f"商品 {row} 可售",)
    assert [shown(house, "A", n) for n in ("free", "allocated")] == [77.0, None]
    assert shown(house, "B", "free") == 3.0


def test_a_formula_put_in_since_stays(house, tmp_path):
    write(house, tmp_path, sku("A"))
    write(house, tmp_path, sku("A", free=9, allocated=5))
    house.put_formula("tblSku", ZH["sku"]["free"], row_of(house, "A"), "=1+1")
    undone = take_back(house, tmp_path)
    assert len(undone.left) == 1
    assert house.formula_at("tblSku", ZH["sku"]["free"], row_of(house, "A")) == "=1+1"
    assert shown(house, "A", "allocated") is None


@pytest.mark.parametrize("header", ["supplier", "name"])
def test_a_new_row_that_people_have_filled_keeps_its_key(house, tmp_path, header):
    write(house, tmp_path, sku("A"))
    write(house, tmp_path, sku("A"), sku("B", free=4), sku("C", free=4))
    house.put("tblSku", ZH["sku"][header], row_of(house, "B"), "他们写的")
    undone = take_back(house, tmp_path)
    assert any("商品" in place for place in undone.left)
    codes = [r.cells["sku"] for r in house.book().read_table("sku") if r.cells["sku"]]
    assert codes == ["A", "B"]
    assert shown(house, "B", "free") is None


def test_a_row_that_moved_is_found_by_its_key(house, tmp_path):
    write(house, tmp_path, sku("A"), sku("B"))
    write(house, tmp_path, sku("A", free=9), sku("B", free=8))
    first, second = row_of(house, "A"), row_of(house, "B")
    for row, code, free in ((first, "B", 8.0), (second, "A", 9.0)):
        house.put("tblSku", ZH["sku"]["sku"], row, code)
        house.put("tblSku", ZH["sku"]["name"], row, f"商品{code}")
        house.put("tblSku", ZH["sku"]["free"], row, free)
    assert take_back(house, tmp_path).left == ()
    assert (shown(house, "A", "free"), shown(house, "B", "free")) == (3.0, 3.0)
    assert row_of(house, "B") == first


def test_rows_without_a_key_go_back_by_position(house, tmp_path):
    def problems(*found):
        rows = [{c.key: None for c in sheet("problem").columns} | {"found": f} for f in found]
        book = KeptBook(house.book(), steps(house, tmp_path), "refresh", AT)
        book.apply(Changes([TableChange("problem", rows, by_position=True)]))

    problems("一", "二", "三")
    before = cells(house)
    problems("四")
    take_back(house, tmp_path)
    assert cells(house) == before


def test_a_write_that_changes_nothing_is_no_step(house, tmp_path):
    write(house, tmp_path, sku("A"))
    write(house, tmp_path, sku("A"))
    take_back(house, tmp_path)
    with pytest.raises(WorkbookError):
        take_back(house, tmp_path)


def test_only_the_last_steps_are_kept(house, tmp_path):
    for free in range(1, 14):
        write(house, tmp_path, sku("A", free=free))
    for _ in range(history.STEPS):
        take_back(house, tmp_path)
    assert shown(house, "A", "free") == 3.0
    with pytest.raises(WorkbookError):
        take_back(house, tmp_path)


def test_a_damaged_step_is_passed_over(house, tmp_path):
    write(house, tmp_path, sku("A"))
    at = steps(house, tmp_path)
    (file,) = at.steps_folder.glob("*.json.gz")
    file.write_bytes(file.read_bytes()[:50])
    assert at.last() is None


class TestClosedFile:
    """What only a closed file can do: come back byte for byte, from a backup."""

    @pytest.fixture
    def path(self, tmp_path):
        path = tmp_path / "店.xlsm"
        build(path, book_id="b1", setting_rows=settings.setting_rows())
        return path

    def kept(self, path, tmp_path, at=AT):
        return KeptBook(ClosedBook(path), History(tmp_path / "data", "b1", path), "refresh", at)

    def set(self, path, tmp_path, free, at=AT):
        self.kept(path, tmp_path, at).apply(Changes([TableChange("sku", [sku("A", free=free)])]))

    def back(self, path, tmp_path):
        return undo(ClosedBook(path), History(tmp_path / "data", "b1", path))

    def test_req_24_undo_restores_the_hash_of_a_file_nobody_touched(self, path, tmp_path):
        digests = [digest(path)]
        for free in (1, 2, 3):
            self.set(path, tmp_path, free)
            digests.append(digest(path))
        for before in reversed(digests[:-1]):
            assert self.back(path, tmp_path).whole
            assert digest(path) == before

    def test_a_file_that_was_touched_goes_back_cell_by_cell(self, path, tmp_path):
        self.set(path, tmp_path, 1)
        self.set(path, tmp_path, 2)
        with path.open("ab") as file:  # as any other program that saves it
            file.write(b"")
        package = ClosedBook(path)._package
        package.put("tblSku", {5: {ZH["sku"]["note"]: "我的备注"}})
        package.save()
        undone = self.back(path, tmp_path)
        assert not undone.whole
        row = ClosedBook(path).read_table("sku")[0].cells
        assert (row["free"], row["note"]) == (1.0, "我的备注")

    def test_a_lost_backup_does_not_stop_the_undo(self, path, tmp_path):
        self.set(path, tmp_path, 1)
        self.set(path, tmp_path, 2)
        for backup in (tmp_path / "data/backups/b1").iterdir():
            backup.unlink()
        assert not self.back(path, tmp_path).whole
        assert ClosedBook(path).read_table("sku")[0].cells["free"] == 1.0

    def test_backups_thin_out_to_the_last_ten_and_one_a_day(self, path, tmp_path):
        for day in range(40):
            for hour in range(3):
                self.set(path, tmp_path, day * 3 + hour + 1, AT + day * 86_400 + hour * 3_600)
        names = sorted(f.name for f in (tmp_path / "data/backups/b1").iterdir())
        days = {name.split(".")[1][:8] for name in names}
        assert len(days) == 30
        assert len(names) == 30 + 6  # the last ten lie on the last four days
        assert all(name.startswith(("店.2026", "店.2027")) for name in names)

    def test_a_copy_has_no_steps_of_its_own(self, path, tmp_path):
        self.set(path, tmp_path, 1)
        other = path.with_name("副本.xlsm")
        other.write_bytes(path.read_bytes())
        with pytest.raises(WorkbookError, match="改名或复制"):
            self.back(other, tmp_path)

    def test_an_open_file_is_not_undone(self, path, tmp_path):
        self.set(path, tmp_path, 1)
        after = digest(path)
        lock = path.with_name(f"~${path.name}")
        lock.write_bytes(b"\x04Li  ")
        with pytest.raises(WorkbookError, match="打开"):
            self.back(path, tmp_path)
        lock.unlink()
        assert digest(path) == after
        assert self.back(path, tmp_path).whole

    def test_the_path_may_be_spelled_in_any_way(self, path, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        self.set(Path(path.name), tmp_path, 1)
        self.set(path, tmp_path, 2)
        assert self.back(Path(path.name), tmp_path).whole
        assert self.back(path, tmp_path).whole

    def test_a_link_stays_a_link_and_the_file_behind_it_goes_back(self, path, tmp_path):
        link = tmp_path / "链接.xlsm"
        link.symlink_to(path)
        before = digest(path)
        self.set(link, tmp_path, 1)
        assert self.back(link, tmp_path).whole
        assert link.is_symlink()
        assert digest(path) == before

    def test_a_write_that_failed_is_no_step(self, path, tmp_path, monkeypatch):
        self.set(path, tmp_path, 1)

        def fail(*_):
            raise WorkbookError("someone opened it just now")

        for _ in range(12):
            with monkeypatch.context() as now:
                now.setattr("stockbook.workbook.closed.archive.replace", fail)
                with pytest.raises(WorkbookError):
                    self.set(path, tmp_path, 2)
        assert self.back(path, tmp_path).whole

    def test_a_copys_writes_do_not_push_out_the_originals(self, path, tmp_path):
        self.set(path, tmp_path, 1)
        other = path.with_name("副本.xlsm")
        other.write_bytes(path.read_bytes())
        for free in range(2, 14):
            self.set(other, tmp_path, free)
        assert self.back(path, tmp_path).whole

    def test_a_step_that_is_damaged_anywhere_is_passed_over(self, path, tmp_path):
        self.set(path, tmp_path, 1)
        history_ = History(tmp_path / "data", "b1", path)
        (file,) = history_.steps_folder.glob("*.json.gz")
        whole = file.read_bytes()
        for at in range(0, len(whole), 7):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
            history_.last()

    def test_a_long_name_and_capital_letters_are_backed_up_too(self, tmp_path):
        for name in ("长" * 78 + ".xlsm", "店.XLSM"):
            path = tmp_path / name
            build(path, book_id="b1", setting_rows=settings.setting_rows())
            for free in range(14):
                self.set(path, tmp_path, free + 1)
            assert self.back(path, tmp_path).whole
        assert len(list((tmp_path / "data/backups/b1").iterdir())) <= 2 * history.BACKUPS


def test_a_table_that_was_renamed_keeps_its_step_until_it_is_back(house, tmp_path):
    write(house, tmp_path, sku("A"))
    write(house, tmp_path, sku("A", free=9))
    house.put("tblSku", ZH["sku"]["note"], row_of(house, "A"), "看过")
    name = sheet("sku").table
    object.__setattr__(sheet("sku"), "table", "tblGone")
    try:
        with pytest.raises(WorkbookError, match="tblGone"):
            take_back(house, tmp_path)
    finally:
        object.__setattr__(sheet("sku"), "table", name)
    take_back(house, tmp_path)
    assert shown(house, "A", "free") == 3.0


def test_twins_of_one_key_both_go_back(house, tmp_path):
    write(house, tmp_path, sku("A"), sku("B"), sku("C"))
    house.put("tblSku", ZH["sku"]["sku"], row_of(house, "B"), "A")
    write(house, tmp_path, sku("A", free=9), sku("C", free=9))
    first = 5
    for row, code in zip(range(first, first + 3), "CAA", strict=True):  # sorted by a person
        house.put("tblSku", ZH["sku"]["sku"], row, code)
    take_back(house, tmp_path)
    found = [r.cells["free"] for r in house.book().read_table("sku") if r.cells["sku"]]
    assert found == [3.0, 3.0, 3.0]


def test_a_row_that_is_gone_is_named_by_its_key(house, tmp_path):
    write(house, tmp_path, sku("A"), sku("B"))
    write(house, tmp_path, sku("A", free=9), sku("B", free=9))
    house.put("tblSku", ZH["sku"]["sku"], row_of(house, "A"), "Z")
    assert take_back(house, tmp_path).left == ("商品 A 可售",)
