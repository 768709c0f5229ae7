"""The promises of the closed-file editor, one test a promise."""

import datetime as dt
import os
import random
import re
import struct
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pytest
import python_calamine

from stockbook.domain.problems import WorkbookError
from stockbook.workbook.closed import archive
from stockbook.workbook.closed.package import Package
from stockbook.workbook.closed.refs import Box, grown, shifted
from stockbook.workbook.closed.sheet_part import SheetPart
from stockbook.workbook.closed.text import CellError
from tests.workbook.closed import fixtures as fx

pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning:openpyxl")

DAY = dt.datetime(2026, 3, 4)
SHEET = "xl/worksheets/sheet2.xml"


def frame(keys: list[str], **changes: object) -> dict[str, list]:
    n = len(keys)
    return {
        "SKU": keys,
        "名称": [f"新 {k[-3:]}" for k in keys],
        "现货": [float(i) for i in range(n)],
        "预警": ["断货"] * n,
        "更新日": [DAY] * n,
    } | {k: [v] * n for k, v in changes.items()}


def keys_of(path: Path) -> list[str]:
    return [r["SKU"] for r in Package.open(path).read_table("Stock")]


def write(path: Path, data: dict[str, list], own: list[str] = fx.OWN):
    book = Package.open(path)
    report = book.write_table("Stock", "SKU", data, own)
    book.save()
    return report


def raw_entries(path: Path) -> dict[str, tuple]:
    """name -> (stamp, method, crc, local header and compressed bytes)."""
    out = {}
    with zipfile.ZipFile(path) as z, path.open("rb") as f:
        for i in z.infolist():
            f.seek(i.header_offset)
            head = f.read(30)
            names = sum(struct.unpack("<HH", head[26:30]))
            out[i.filename] = (
                i.date_time,
                i.compress_type,
                i.CRC,
                head,
                f.read(names + i.compress_size),
            )
    return out


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return fx.rich(tmp_path / "书 本.xlsx")


def test_untouched_parts_keep_their_compressed_bytes_and_their_place(book: Path) -> None:
    before, order = raw_entries(book), list(raw_entries(book))
    write(book, frame(keys_of(book)))
    after = raw_entries(book)
    assert list(after) == order
    assert {n for n in order if before[n] != after[n]} == {SHEET, "xl/workbook.xml"}


def test_a_second_identical_refresh_changes_not_one_byte(book: Path) -> None:
    data = frame([*keys_of(book), "new-1"])
    write(book, data)
    first = book.read_bytes()
    write(book, data)
    assert book.read_bytes() == first


def test_a_hundred_refreshes_do_not_grow_the_file(book: Path) -> None:
    keys = keys_of(book)
    write(book, frame([*keys, "a", "b"], 预警="断货"))
    size = book.stat().st_size
    for i in range(100):
        write(
            book,
            frame(
                [*keys, "a", "b"], 预警=["断货", "告急"][i % 2], 更新日=DAY + dt.timedelta(days=i)
            ),
        )
    assert abs(book.stat().st_size - size) < 40
    assert len(Package.open(book).read_table("Stock")) == 8


def test_rows_align_on_the_key_and_people_keep_their_columns(book: Path) -> None:
    keys = keys_of(book)
    report = write(book, frame(keys[::-1][:4]))
    rows = Package.open(book).read_table("Stock")
    assert [r["SKU"] for r in rows] == keys
    assert [r["我的备注"] for r in rows] == [f"备注 {i}" for i in range(6)]
    assert [r["现货"] for r in rows] == [None, None, 3.0, 2.0, 1.0, 0.0]
    assert (report.updated, report.appended, report.cleared) == (4, 0, 2)


def test_cells_of_others_are_the_same_bytes(book: Path) -> None:
    def others(path: Path) -> list[bytes]:
        sheet = SheetPart(fx.unpack(path)[SHEET])
        return [
            m[0]
            for row in sheet.rows()
            for m in sheet._cell_pattern.finditer(row.body)
            if m[1] not in {b"B", b"C", b"D", b"E"} or not 5 <= row.number <= 10
        ]

    before = others(book)
    write(book, frame(keys_of(book)))
    assert others(book) == before


def test_new_keys_grow_the_table_and_all_that_follows_it(book: Path) -> None:
    before = fx.unpack(book)
    report = write(book, frame([*keys_of(book), "n1", "n2", "n3"]))
    parts = fx.unpack(book)
    table, sheet = parts["xl/tables/table1.xml"].decode(), parts[SHEET].decode()
    assert report.appended == 3
    assert table.count('ref="A4:G13"') == 2
    for x in (
        '<dimension ref="A1:M13"/>',
        'sqref="D5:D13"><cfRule',
        'sqref="A5:J10 A11:G13"',
        'sqref="C5:C13"',
        "<xm:sqref>C5:C13<",
        'ignoredError sqref="A5:A13"',
        'showErrorMessage="1" sqref="D5:D13"',
        'sqref="F5:F1000"',
        '<row r="6" ht="33" customHeight="1"',
        '<row r="7" hidden="1"',
        'state="frozen"',
        "<sheetProtection",
        '<c r="G13"><f>Stock[[#This Row],[现货]]*2</f></c>',
        '<c r="E13" s="1">',
        '<c r="A13" s="4" t="inlineStr">',
        "<x14:slicer ",
    ):
        assert x in sheet, x
    charts = [parts[n].decode() for n in sorted(parts) if "/charts/chart" in n]
    assert "$C$5:$C$13" in charts[0]
    assert "$B$5:$B$13" in charts[0]
    assert "$C$5:$C$6" in charts[1]
    changed = {n for n in before if before[n] != parts.get(n)}
    assert changed == {SHEET, "xl/tables/table1.xml", "xl/workbook.xml", "xl/charts/chart1.xml"}


def test_the_totals_row_moves_down_and_stays_right(tmp_path: Path) -> None:
    path = fx.rich(tmp_path / "t.xlsx", totals=True)
    parts = fx.unpack(path)
    parts["xl/calcChain.xml"] = parts["xl/calcChain.xml"].replace(
        b"</calcChain>", b'<c r="C11" i="2"/></calcChain>'
    )
    fx.pack(path, parts)
    write(path, frame([*keys_of(path), "n1", "n2"]))
    parts = fx.unpack(path)
    sheet = parts[SHEET].decode()
    assert 'ref="A4:G13"' in parts["xl/tables/table1.xml"].decode()
    assert 'autoFilter ref="A4:G12"' in parts["xl/tables/table1.xml"].decode()
    assert '<c r="C13"' in sheet
    assert "SUBTOTAL(109,[现货])" in sheet
    assert sheet.count("SUBTOTAL") == 1
    assert "xl/calcChain.xml" not in parts
    assert b"calcChain" not in parts["[Content_Types].xml"] + parts["xl/_rels/workbook.xml.rels"]
    assert keys_of(path)[-2:] == ["n1", "n2"]


@pytest.mark.parametrize("extra", [2, 3])
def test_content_below_the_table_is_never_overwritten(tmp_path: Path, extra: int) -> None:
    path = fx.rich(tmp_path / "o.xlsx", obstacle=True)  # 我的小结 in C13
    before, new = path.read_bytes(), [f"n{i}" for i in range(extra)]
    if extra == 2:
        write(path, frame([*keys_of(path), *new]))
        return
    with pytest.raises(WorkbookError, match="C13"):
        write(path, frame([*keys_of(path), *new]))
    assert path.read_bytes() == before


def test_the_neighbour_on_the_right_may_grow_past_the_table_and_stays_apart(book: Path) -> None:
    b = Package.open(book)
    b.write_table("Side", "k", {"k": list("abcdefghij"), "v": list(range(10))}, ["v"])
    b.write_table("Stock", "SKU", frame([*keys_of(book), "n1"]), fx.OWN)
    b.save()
    b = Package.open(book)
    assert [r["v"] for r in b.read_table("Side")] == [float(i) for i in range(10)]
    assert len(b.read_table("Stock")) == 7
    assert b.read_table("Stock")[2]["我的备注"] == "备注 2"


def test_formulas_in_our_columns_are_kept_and_reported(book: Path) -> None:
    parts = fx.unpack(book)
    parts[SHEET] = (
        parts[SHEET]
        .replace(
            b'<c r="C6" s="2"><v>10</v></c>',
            b'<c r="C6" s="2"><f t="shared" ref="C6:C7" si="0">1+1</f><v>2</v></c>',
        )
        .replace(
            b'<c r="C7" s="2"><v>20</v></c>', b'<c r="C7" s="2"><f t="shared" si="0"/><v>2</v></c>'
        )
    )
    fx.pack(book, parts)
    report = write(book, frame(keys_of(book)))
    assert report.formulas_kept == ["C6", "C7"]
    assert b'<f t="shared" si="0"/><v>2</v>' in fx.unpack(book)[SHEET]


TEXTS = [
    "=1+1",
    "@x",
    "+1",
    "-1",
    "00123",
    "1E5",
    "2026-01-01",
    "TRUE",
    "#N/A",
    " lead",
    "trail ",
    "two  spaces",
    "a\nb",
    "a\r\nb",
    "\tt",
    "a\x01b",
    "_x0041_",
    "_x005F_",
    "😀 emoji 👩‍👩‍👧",
    "<b>&amp;</b>",
    "]]>",
    "\ufffe",
    "中文",
    "'quote",
    "x" * 32_767,
    "1000000000000000001",
]


@pytest.mark.parametrize(
    "text", TEXTS, ids=[t[:12].encode("unicode_escape").decode() for t in TEXTS]
)
def test_text_comes_back_as_written_and_is_never_a_formula(book: Path, text: str) -> None:
    write(book, frame(keys_of(book), 名称=text))
    assert {r["名称"] for r in Package.open(book).read_table("Stock")} == {text}
    cell = openpyxl.load_workbook(book, rich_text=False)["库'存 表"]["B5"]
    assert cell.data_type != "f" or text.startswith(
        "="
    )  # openpyxl guesses from the text, Excel does not
    seen = (
        python_calamine.CalamineWorkbook.from_path(str(book))
        .get_sheet_by_name("库'存 表")
        .to_python()[4][1]
    )
    if "_x" not in text and "\x01" not in text and "\r" not in text and "\ufffe" not in text:
        assert seen == text


def test_what_excel_cannot_hold_is_cut_or_refused(book: Path) -> None:
    write(book, frame(keys_of(book), 名称="😀" * 20_000))
    assert len(Package.open(book).read_table("Stock")[0]["名称"].encode("utf-16-le")) // 2 <= 32_767
    for bad in (float("inf"), 10**18):
        with pytest.raises(WorkbookError):
            write(book, frame(keys_of(book), 现货=bad))


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (None, None),
        (float("nan"), None),
        ("", None),
        (True, True),
        (3, 3.0),
        (1.1, 1.1),
        (1e-300, 1e-300),
        (-0.0, 0.0),
    ],
)
def test_values_come_back(book: Path, value: object, seen: object) -> None:
    write(book, frame(keys_of(book), 现货=value))
    assert {r["现货"] for r in Package.open(book).read_table("Stock")} == {seen}


@pytest.mark.parametrize(
    "value",
    [
        dt.date(1900, 1, 1),
        dt.date(1900, 2, 28),
        dt.date(1900, 3, 1),
        dt.datetime(2026, 2, 3, 4, 5, 6, 789000),
        dt.date(9999, 12, 31),
    ],
)
def test_dates_come_back_also_where_the_cell_had_no_date_style(book: Path, value: dt.date) -> None:
    write(book, frame(keys_of(book), 名称=value))
    styles = fx.unpack(book)["xl/styles.xml"]
    write(book, frame(keys_of(book), 名称=value))
    assert fx.unpack(book)["xl/styles.xml"] == styles
    want = (
        value if isinstance(value, dt.datetime) else dt.datetime(value.year, value.month, value.day)
    )
    assert {r["名称"] for r in Package.open(book).read_table("Stock")} == {want}
    if value.year > 1900:
        assert openpyxl.load_workbook(book)["库'存 表"]["B5"].value == want


def test_the_1904_calendar_is_kept(book: Path) -> None:
    parts = fx.unpack(book)
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(
        b"<workbookPr ", b'<workbookPr date1904="1" '
    )
    fx.pack(book, parts)
    write(book, frame(keys_of(book)))
    assert Package.open(book).read_table("Stock")[0]["更新日"] == DAY
    assert openpyxl.load_workbook(book)["库'存 表"]["E5"].value == DAY


def test_iso_dates_of_strict_files_errors_and_rich_text_are_read(book: Path) -> None:
    parts = fx.unpack(book)
    parts[SHEET] = (
        parts[SHEET]
        .replace(
            b'<c r="E5" s="1"><v>46023</v></c>',
            b'<c r="E5" s="1" t="d"><v>2026-01-01T00:00:00</v></c>',
        )
        .replace(b'<c r="C5" s="2"><v>0</v></c>', b'<c r="C5" s="2" t="e"><v>#N/A</v></c>')
        .replace(
            b'<c r="B5" t="s"><v>9</v></c>',
            (
                '<c r="B5" t="inlineStr"><is><r><t>红</t></r><r><rPr><b/></rPr>'
                '<t xml:space="preserve"> 字</t></r>'
                '<rPh sb="0" eb="1"><t>hong</t></rPh></is></c>'
            ).encode(),
        )
    )
    fx.pack(book, parts)
    row = Package.open(book).read_table("Stock")[0]
    assert (row["名称"], row["现货"], row["更新日"]) == ("红 字", "#N/A", dt.datetime(2026, 1, 1))
    assert isinstance(row["现货"], CellError)


def test_dataframes_are_welcome(book: Path) -> None:
    pd = pytest.importorskip("pandas")
    data = pd.DataFrame(frame(keys_of(book)))
    data["现货"] = data["现货"].astype("Int64")
    data.loc[0, ["名称", "现货", "更新日"]] = None
    data["预警"] = data["预警"].astype("category")
    write(book, data)
    rows = Package.open(book).read_table("Stock")
    assert (rows[0]["名称"], rows[0]["现货"], rows[0]["更新日"]) == (None, None, None)
    assert (rows[1]["现货"], rows[1]["更新日"], rows[1]["预警"]) == (1.0, DAY, "断货")


def test_blank_rows_at_the_end_are_filled_before_the_table_grows(tmp_path: Path) -> None:
    path = fx.rich(tmp_path / "b.xlsx")
    parts = fx.unpack(path)
    for r in (9, 10):
        parts[SHEET] = re.sub(rb'<c r="[A-F]%d"[^>]*>.*?</c>' % r, b"", parts[SHEET])
    fx.pack(path, parts)
    write(path, frame([*[k for k in keys_of(path) if k], "n1", "n2", "n3"]))
    assert Package.open(path).tables["Stock"].box.last == 11
    assert keys_of(path)[4:] == ["n1", "n2", "n3"]


def test_named_cells_are_set_and_a_formula_there_is_not_overwritten(book: Path) -> None:
    b = Package.open(book)
    b.set_name("数据截至", DAY)
    with pytest.raises(WorkbookError, match="公式"):
        b.set_name("公式格", 1)
    with pytest.raises(WorkbookError, match="不存在"):
        b.set_name("没有", 1)
    b.save()
    assert openpyxl.load_workbook(book)["首页"]["B1"].value == DAY


@pytest.mark.parametrize("dialect", [fx.strict, fx.prefixed, fx.bare])
def test_other_dialects_are_edited_too(book: Path, tmp_path: Path, dialect) -> None:
    path = dialect(book, tmp_path / "d.xlsx")
    keys = keys_of(path)
    assert keys == keys_of(book)
    write(path, frame([*keys, "n1"]))
    rows = Package.open(path).read_table("Stock")
    assert [r["SKU"] for r in rows] == [*keys, "n1"]
    assert rows[3]["我的备注"] == "备注 3"
    assert rows[6]["更新日"] == DAY
    if dialect is not fx.strict:  # openpyxl reads no Strict files
        sheet = openpyxl.load_workbook(path)["库'存 表"]
        assert [sheet.cell(r, 3).value for r in range(5, 12)] == list(range(7))
        assert sheet["L4"].value is not None


def test_what_openpyxl_saved_is_edited(book: Path) -> None:
    openpyxl.load_workbook(book).save(book)
    write(book, frame([*keys_of(book), "n1"]))
    assert openpyxl.load_workbook(book)["库'存 表"]["B11"].value == "新 n1"


needs_libreoffice = pytest.mark.libreoffice


@needs_libreoffice
def test_what_libreoffice_saved_is_edited(book: Path, tmp_path: Path) -> None:
    keys = keys_of(book)
    convert(book, tmp_path / "lo", "xlsx")
    path = tmp_path / "lo" / book.name
    write(path, frame([*keys, "n1"]))
    assert keys_of(path) == [*keys, "n1"]


def convert(path: Path, out: Path, kind: str) -> None:
    subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation=file://{out}/profile",
            "--headless",
            "--convert-to",
            kind,
            "--outdir",
            str(out),
            str(path),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )


@needs_libreoffice
def test_libreoffice_reads_what_was_written_and_computes_new_rows(
    book: Path, tmp_path: Path
) -> None:
    keys = keys_of(book)
    write(book, frame([*keys, "n1"], 名称="=1+1", 现货=1.5))
    convert(book, tmp_path / "lo", "xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "lo" / book.name, data_only=True)["库'存 表"]
    assert [c.value for c in sheet[11]][:7] == ["n1", "=1+1", 1.5, "断货", DAY, None, 3]


@pytest.mark.parametrize("lock", ["~${}", ".~lock.{}#", ".~{}"])
def test_an_open_workbook_is_refused_and_untouched(book: Path, lock: str) -> None:
    before = book.read_bytes()
    book.with_name(lock.format(book.name)).write_bytes(
        b"\x04Anna" + b" " * 50 if "#" not in lock else b",anna,host,22.11.2026,file:///x;"
    )
    with pytest.raises(WorkbookError, match=r"(?i)anna"):
        write(book, frame(keys_of(book)))
    assert book.read_bytes() == before
    assert not list(book.parent.glob("*.tmp"))


def test_a_sharing_violation_on_windows_is_told_to_the_user(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = book.read_bytes()

    def held(*_: object) -> None:
        raise PermissionError(
            13, "The process cannot access the file because it is being used by another process"
        )

    monkeypatch.setattr(os, "replace", held)
    with pytest.raises(WorkbookError, match="占用"):
        write(book, frame(keys_of(book)))
    assert book.read_bytes() == before
    assert not list(book.parent.glob("*.tmp"))


def test_a_file_changed_meanwhile_is_refused(book: Path) -> None:
    b = Package.open(book)
    b.write_table("Stock", "SKU", frame(keys_of(book)), fx.OWN)
    os.utime(book, (1, 1))
    with pytest.raises(WorkbookError, match="改过"):
        b.save()


def test_a_file_saved_while_it_is_read_is_read_as_it_was(book: Path, tmp_path: Path) -> None:
    b, before = Package.open(book), keys_of(book)
    parts = fx.unpack(book)
    texts = parts["xl/sharedStrings.xml"]
    entries = re.findall(rb"<si>.*?</si>", texts, re.DOTALL)
    start, end = texts.index(b"<si>"), texts.rindex(b"</si>") + len(b"</si>")
    parts["xl/sharedStrings.xml"] = texts[:start] + b"".join(entries[::-1]) + texts[end:]
    for name in parts:
        if name.startswith("xl/worksheets/sheet"):
            parts[name] = re.sub(
                rb'(<c [^>]*t="s"[^>]*><v>)(\d+)',
                lambda m: m[1] + str(len(entries) - 1 - int(m[2])).encode(),
                parts[name],
            )
    fx.pack(book, parts)  # what others save: the same texts, numbered otherwise
    assert [r["SKU"] for r in b.read_table("Stock")] == before == keys_of(book)
    b.write_table("Stock", "SKU", frame(before), fx.OWN)
    with pytest.raises(WorkbookError, match="改过"):
        b.save()


def test_a_file_that_is_being_written_is_waited_for(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, before, waits = book.read_bytes(), keys_of(book), []
    book.write_bytes(whole[:1000])

    def goes_on(_: float) -> None:
        waits.append(book.write_bytes(whole))

    read = Path.read_bytes

    def grows(path: Path) -> bytes:
        found = read(path)
        if not waits:
            path.write_bytes(whole[:2000])  # between our reading and our looking
        return found

    monkeypatch.setattr(archive.time, "sleep", goes_on)
    monkeypatch.setattr(Path, "read_bytes", grows)
    assert keys_of(book) == before
    assert len(waits) == 1


def test_a_failure_while_writing_leaves_the_workbook_as_it_was(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = book.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write(book, frame(keys_of(book)))
    assert book.read_bytes() == before
    assert not list(book.parent.glob("*.tmp"))


def test_a_killed_process_s_draft_is_cleared_once_it_is_old(book: Path) -> None:
    old, young = (book.with_name(f".stockbook-{name}.tmp") for name in ("old", "young"))
    for draft in (old, young):
        draft.write_bytes(b"PK")
    os.utime(old, (0, 0))
    write(book, frame(keys_of(book)))
    assert young.exists()  # another process may be at work on it
    assert not old.exists()


def test_a_backup_holds_what_was_there(book: Path, tmp_path: Path) -> None:
    before = book.read_bytes()
    b = Package.open(book)
    b.write_table("Stock", "SKU", frame(keys_of(book)), fx.OWN)
    b.save(backup=tmp_path / "backup.xlsx")
    assert (tmp_path / "backup.xlsx").read_bytes() == before != book.read_bytes()


def test_bad_calls_say_what_is_there(book: Path, tmp_path: Path) -> None:
    b = Package.open(book)
    with pytest.raises(WorkbookError, match="Stock、Side"):
        b.read_table("Nope")
    with pytest.raises(WorkbookError, match="我的备注"):
        b.write_table("Stock", "SKU", {"SKU": ["a"], "没有": [1]}, ["没有"])
    with pytest.raises(WorkbookError, match="重复"):
        b.write_table("Stock", "SKU", frame(["a", "a"]), fx.OWN)
    (tmp_path / "x.xlsx").write_bytes(b"\xd0\xcf\x11\xe0secret")
    with pytest.raises(WorkbookError, match="密码"):
        Package.open(tmp_path / "x.xlsx")


def test_entries_written_as_a_stream_are_copied_with_their_descriptors(
    book: Path, tmp_path: Path
) -> None:
    class Pipe:
        def __init__(self, f):
            self.f = f

        def write(self, b):
            return self.f.write(b)

        def flush(self):
            self.f.flush()

    path, parts = tmp_path / "s.xlsx", fx.unpack(book)
    with path.open("wb") as f, zipfile.ZipFile(Pipe(f), "w", zipfile.ZIP_DEFLATED) as z:
        for n, d in parts.items():
            z.writestr(n, d)
    assert zipfile.ZipFile(path).infolist()[0].flag_bits & 8
    before = raw_entries(path)
    write(path, frame(keys_of(path)))
    after = raw_entries(path)
    assert zipfile.ZipFile(path).testzip() is None
    assert {n for n in before if before[n] != after[n]} == {SHEET, "xl/workbook.xml"}


def patched(path: Path, part: str, *changes: tuple[str, str]) -> Path:
    parts = fx.unpack(path)
    for old, new in changes:
        assert old.encode() in parts[part], old
        parts[part] = parts[part].replace(old.encode(), new.encode(), 1)
    fx.pack(path, parts)
    return path


def test_a_filter_and_a_sort_stay_and_cover_new_rows(book: Path) -> None:
    patched(
        book,
        "xl/tables/table1.xml",
        (
            '<autoFilter ref="A4:G10"/>',
            (
                '<autoFilter ref="A4:G10"><filterColumn colId="3"><filters><filter val="断货"/>'
                "</filters></filterColumn>"
                '</autoFilter><sortState ref="A5:G10"><sortCondition ref="C5:C10"/></sortState>'
            ),
        ),
    )
    write(book, frame([*keys_of(book), "n1"]))
    table = fx.unpack(book)["xl/tables/table1.xml"].decode()
    assert '<filter val="断货"/>' in table
    assert 'sortState ref="A5:G11"><sortCondition ref="C5:C11"' in table


def test_a_column_formula_with_cell_references_is_shifted(book: Path) -> None:
    patched(
        book,
        SHEET,
        ('<c r="G10"><f>Stock[[#This Row],[现货]]*2</f>', '<c r="G10"><f>C10*2+$C$5</f>'),
    )
    write(book, frame([*keys_of(book), "n1", "n2"]))
    assert b"<f>C12*2+$C$5</f>" in fx.unpack(book)[SHEET]


def test_a_number_that_a_person_typed_matches_the_text_key(book: Path) -> None:
    patched(book, SHEET, ('<c r="A6" s="4" t="s"><v>12</v>', '<c r="A6" s="4"><v>123</v>'))
    assert write(book, frame(["123"])).updated == 1


def test_a_key_that_stands_twice_is_written_twice_and_reported(book: Path) -> None:
    patched(book, SHEET, ('<c r="A6" s="4" t="s"><v>12</v>', '<c r="A6" s="4" t="s"><v>8</v>'))
    report = write(book, frame([keys_of(book)[0]]))
    assert (report.updated, report.duplicate_keys) == (2, ["1000000000000000000"])


def test_several_columns_can_be_the_key(book: Path) -> None:
    b = Package.open(book)
    report = b.write_table(
        "Stock", ["SKU", "名称"], frame(keys_of(book)[:2], 名称="商品 1"), ["现货"]
    )
    assert (report.updated, report.appended, report.cleared) == (1, 1, 5)


def test_a_merged_cell_below_is_an_obstacle(book: Path) -> None:
    patched(
        book, SHEET, ('<mergeCells count="1">', '<mergeCells count="2"><mergeCell ref="B12:C12"/>')
    )
    with pytest.raises(WorkbookError, match="B12:C12"):
        write(book, frame([*keys_of(book), "n1", "n2"]))


def test_a_sheet_in_utf_16_is_read_and_written(book: Path) -> None:
    parts = fx.unpack(book)
    parts[SHEET] = parts[SHEET].decode().replace("UTF-8", "UTF-16").encode("utf-16")
    fx.pack(book, parts)
    write(book, frame([*keys_of(book), "n1"]))
    assert keys_of(book)[-1] == "n1"


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_written_comes_back_and_people_lose_nothing(tmp_path: Path, seed: int) -> None:
    rnd = random.Random(seed)
    path = fx.rich(tmp_path / "f.xlsx", rnd.randrange(1, 9), totals=rnd.random() < 0.4)
    before = Package.open(path).read_table("Stock")
    keys = rnd.sample([r["SKU"] for r in before], rnd.randrange(len(before) + 1)) + [
        f"n{i}" for i in range(rnd.randrange(1, 6))
    ]
    rnd.shuffle(keys)
    data = frame(keys)
    data["名称"] = [
        "".join(rnd.choice("a<&>\"'_x0041 \n\t\x07😀中=") for _ in range(rnd.randrange(1, 9)))
        for _ in keys
    ]
    data["现货"] = [rnd.choice([None, rnd.random() * 1e6, -1.5, 0.0]) for _ in keys]
    write(path, data)
    after = Package.open(path).read_table("Stock")
    by_key = {r["SKU"]: r for r in after}
    assert [(by_key[k]["名称"], by_key[k]["现货"]) for k in keys] == list(
        zip(data["名称"], data["现货"], strict=True)
    )
    assert [(r["SKU"], r["我的备注"]) for r in after[: len(before)]] == [
        (r["SKU"], r["我的备注"]) for r in before
    ]
    assert all(by_key[r["SKU"]]["名称"] is None for r in before if r["SKU"] not in keys)


def test_formulas_are_filled_down_like_excel_does() -> None:
    assert shifted(
        "A5*$B5+C$5+$D$5+SUM(E5:E6)+LOG10(2)+\"A5\"+'A5 x'!B5+Tab[[#This Row],[A5]]+Sheet1!A5", 2
    ) == ("A7*$B7+C$5+$D$5+SUM(E7:E8)+LOG10(2)+\"A5\"+'A5 x'!B7+Tab[[#This Row],[A5]]+Sheet1!A7")


def test_ranges_grow_only_where_they_reached_the_end() -> None:
    box = Box(2, 4, 5, 10, 11)
    for before, after in {
        "B5:B10": "B5:B13",
        "C10": "C10:C13",
        "B5:B9": "B5:B9",
        "B1:B11": "B1:B14",
        "B11": "B14",
        "B5:B12": "B5:B13",
        "B5:B99": "B5:B99",
        "A5:E10": "A5:E10 B11:D13",
        "F5:F10": "F5:F10",
        "A:A": "A:A",
        "B5:B10 D5:D10": "B5:B13 D5:D13",
    }.items():
        assert grown(before, box, 3) == after, before
