import re
import shutil
import subprocess
import zipfile

import openpyxl
import pytest

from stockbook.domain.language import Label, speak
from stockbook.domain.problems import WorkbookError
from stockbook.workbook import sheets
from stockbook.workbook.builder import build, package
from stockbook.workbook.look import LEVELS
from stockbook.workbook.sheets import BLOCKS, SHEETS

pytestmark = pytest.mark.filterwarnings("ignore:.*xtension is not supported")  # openpyxl, x14
SETTINGS = (
    {
        "setting": "shop.id",
        "group": "店铺",
        "label": "店铺编号",
        "value": "00123456789012345678",
        "unit": "–",
        "default": "–",
        "bounds": "–",
        "help": "=1+1 是文字，不是公式",
    },
    {"setting": "levels.review_days", "label": "订货间隔", "value": 2, "unit": "天"},
)


def make(folder, language="zh", name="book.xlsx", **more):
    path = folder / name
    build(path, language=language, book_id="book-1", setting_rows=SETTINGS, **more)
    return path


@pytest.fixture(scope="module", params=["zh", "en"])
def built(request, tmp_path_factory):
    path = make(tmp_path_factory.mktemp("book"), request.param, shop_name="小满优选")
    return request.param, path, openpyxl.load_workbook(path)


HELD_BACK = Label("先刷新", "refresh first")


def worksheet(book, language, spec):
    return book[sheets.pick(spec.label, language)]


def named(book, name):
    ((title, area),) = book.defined_names[name].destinations
    return book[title][area.replace("$", "")]


def rules(ws):
    """Return (range, rule), the first applied first."""
    found = [(str(area.sqref), rule) for area in ws.conditional_formatting for rule in area.rules]
    return sorted(found, key=lambda pair: pair[1].priority)


def test_sheets_stand_in_order_and_chart_data_is_hidden(built):
    language, _, book = built
    first, *others = (spec.label for spec in SHEETS)
    cut = others.index(sheets.sheet("movement").label) + 1
    others = (*others[:cut], sheets.ANALYSIS, *others[cut:])
    order = (sheets.HOME, first, sheets.CARD, *others, sheets.CHART_DATA, sheets.ANALYSIS_DATA)
    assert book.sheetnames == [sheets.pick(label, language) for label in order]
    assert [ws.title for ws in book if ws.sheet_state != "visible"] == book.sheetnames[-3:]
    assert book.active.title == book.sheetnames[0]


def test_tables_have_the_names_headers_and_places_of_the_one_source(built):
    language, _, book = built
    for spec in SHEETS:
        ws = worksheet(book, language, spec)
        table = ws.tables[spec.table]
        headers = [sheets.pick(column.label, language) for column in spec.columns]
        assert [column.name for column in table.tableColumns] == headers
        assert [cell.value for cell in ws[sheets.HEADER_ROW]] == headers
        last = sheets.FIRST_ROW + (len(SETTINGS) - 1 if spec.key == "setting" else 0)
        assert re.fullmatch(rf"A{sheets.HEADER_ROW}:[A-Z]+{last}", table.ref)


def test_every_block_has_its_name_and_size(built):
    _, _, book = built
    for block in BLOCKS.values():
        area = named(book, block.name)
        grid = area if isinstance(area, tuple) else ((area,),)
        assert (len(grid), len(grid[0])) == (block.rows, len(block.columns))
        assert (grid[0][0].row, grid[0][0].column) == (block.row + 1, block.column + 1)


def test_the_book_knows_its_id_and_language_and_that_it_was_never_refreshed(built):
    language, path, book = built
    assert named(book, "sb_book_id").value == "book-1"
    assert named(book, "sb_language").value == language
    assert named(book, "sb_home_shop").value == "小满优选"
    assert named(book, "sb_as_of").value is None
    cached = openpyxl.load_workbook(path, data_only=True)
    assert (
        named(cached, "sb_as_of_text").value
        == {"zh": "尚未刷新", "en": "Not refreshed yet"}[language]
    )


def test_the_level_list_is_the_legend_worst_first(built):
    language, _, book = built
    words = [row[0].value for row in named(book, "sb_home_counts")]
    assert words == [sheets.pick(level.label, language) for level in reversed(LEVELS.values())]


def test_the_first_data_row_carries_the_formats_that_new_rows_copy(built):
    language, _, book = built
    first = worksheet(book, language, sheets.sheet("sku"))[sheets.FIRST_ROW]
    cells = dict(zip([column.key for column in sheets.sheet("sku").columns], first, strict=True))
    assert all(cell.value is None for cell in first)
    assert cells["sku"].number_format == cells["shop_sku_id"].number_format == "@"
    assert cells["unit_cost"].fill.fgColor.rgb == "FFEFF5FC"
    assert cells["free"].fill.fill_type is None
    assert cells["free"].number_format == "#,##0_ "


def test_settings_are_written_as_text_where_they_are_text(built):
    language, _, book = built
    spec = sheets.sheet("setting")
    ws = worksheet(book, language, spec)
    keys = [column.key for column in spec.columns]
    rows = [dict(zip(keys, row, strict=True)) for row in ws.iter_rows(min_row=sheets.FIRST_ROW)]
    assert [row["setting"].value for row in rows] == ["shop.id", "levels.review_days"]
    assert rows[0]["value"].value == "00123456789012345678"
    assert rows[0]["value"].number_format == "@"
    assert rows[1]["value"].value == 2
    assert rows[0]["help"].data_type == "s"


def test_req_16_stale_rules_come_before_the_colours_they_switch_off(built):
    language, _, book = built
    for spec in SHEETS:
        ws = worksheet(book, language, spec)
        for place, column in enumerate(spec.columns):
            if column.kind != "level":
                continue
            first = ws.cell(sheets.FIRST_ROW, place + 1).coordinate
            mine = [rule for area, rule in rules(ws) if area.split(":")[0] == first]
            assert "sb_stale=1" in mine[0].formula[0]
            assert mine[0].stopIfTrue
            assert len(mine) == 1 + len(LEVELS)


def test_req_16_every_sheet_says_how_new_its_data_are(built):
    language, _, book = built
    for ws in book:
        if ws.sheet_state == "visible" and ws.title != sheets.pick(sheets.HOME, language):
            assert "sb_as_of_text" in str(ws["A2"].value or ws["B2"].value), ws.title


def test_req_16_stale_data_hold_recommendations_back(built):
    language, _, book = built
    advice = {"sku": 1, "purchase": 4, "alert": 2}
    assert {s.key: len(s.advice) for s in SHEETS if s.advice} == advice
    for spec in (s for s in SHEETS if s.advice):
        ws = worksheet(book, language, spec)
        for place, column in enumerate(spec.columns):
            if column.key not in spec.advice:
                continue
            first = ws.cell(sheets.FIRST_ROW, place + 1).coordinate
            rule = next(r for area, r in rules(ws) if area.split(":")[0] == first)
            assert "sb_stale=1" in rule.formula[0]
            assert rule.stopIfTrue
            assert rule.dxf.numFmt.formatCode.count(sheets.pick(HELD_BACK, language)) == 4


def test_rules_and_validations_of_rows_cover_exactly_the_data(built):
    language, _, book = built
    for spec in SHEETS:
        ws = worksheet(book, language, spec)
        last = int(re.findall(r"\d+", ws.tables[spec.table].ref)[-1])
        areas = [str(area.sqref) for area in ws.conditional_formatting]
        areas += [str(rule.sqref) for rule in ws.data_validations.dataValidation]
        for area in areas:
            rows = [int(number) for number in re.findall(r"\d+", area)]
            assert rows[-1] <= sheets.HEADER_ROW or (rows[0], rows[-1]) == (sheets.FIRST_ROW, last)


def test_choices_are_offered_and_numbers_are_bounded(built):
    language, _, book = built
    plan = worksheet(book, language, sheets.sheet("purchase"))
    offered = [v for v in plan.data_validations.dataValidation if v.type == "list"]
    words = [sheets.pick(label, language) for label in sheets.DECISIONS.values()]
    assert [v.formula1.strip('"').split(",") for v in offered] == [words]
    safety = worksheet(book, language, sheets.sheet("safety"))
    bounded = [
        v for v in safety.data_validations.dataValidation if v.operator is None and v.formula2
    ]
    assert [(v.type, v.formula1, v.formula2) for v in bounded] == [("decimal", "0.5", "0.999")]
    assert all(v.error for v in bounded)


def test_formulas_use_only_names_that_exist(built):
    _, _, book = built
    for ws in book:
        for row in ws.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    assert set(re.findall(r"sb_\w+", cell.value)) <= set(book.defined_names)


def test_the_same_arguments_give_the_same_bytes(tmp_path):
    first = make(tmp_path, name="a.xlsx").read_bytes()
    assert make(tmp_path, name="b.xlsx").read_bytes() == first
    assert make(tmp_path, "en", name="c.xlsx").read_bytes() != first


def test_bars_of_older_readers_start_at_nothing(tmp_path):
    with zipfile.ZipFile(make(tmp_path)) as package:
        parts = [package.read(name) for name in package.namelist() if "worksheets/sheet" in name]
    bars = [bar for part in parts for bar in re.findall(rb"<dataBar[^>]*>", part)]
    assert bars
    assert all(b'minLength="0"' in bar for bar in bars)


def test_the_trend_breaks_where_there_is_no_number(tmp_path):
    with zipfile.ZipFile(make(tmp_path)) as package:
        chart = package.read("xl/charts/chart1.xml")
    assert chart.count(b'<c:dispBlanksAs val="gap"/>') == 1
    assert chart.count(b'<c:smooth val="0"/>') == chart.count(b"<c:marker><c:symbol") == 2


def test_an_existing_file_is_never_overwritten(tmp_path):
    path = make(tmp_path)
    before = path.read_bytes()
    with pytest.raises(WorkbookError, match="已存在"):
        make(tmp_path)
    assert path.read_bytes() == before


def test_a_missing_folder_is_explained(tmp_path):
    with speak("en"), pytest.raises(WorkbookError, match="Check that its folder exists"):
        make(tmp_path / "missing")


@pytest.mark.libreoffice
@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_libreoffice_recalculates_and_prints_it_without_an_error(tmp_path, language):
    path = make(tmp_path, language)
    for target in ("pdf", "xlsx"):
        subprocess.run(
            [
                "soffice",
                f"-env:UserInstallation=file://{tmp_path}/profile",
                "--headless",
                "--convert-to",
                target,
                "--outdir",
                tmp_path / "out",
                path,
            ],
            check=True,
            capture_output=True,
            timeout=180,
        )
    assert (tmp_path / "out" / "book.pdf").stat().st_size > 10_000
    book = openpyxl.load_workbook(tmp_path / "out" / "book.xlsx", data_only=True)
    assert not [c.coordinate for ws in book for row in ws for c in row if c.data_type == "e"]
    assert named(book, "sb_stale").value == 0


def test_a_second_book_made_in_one_process_has_the_same_bytes(tmp_path):
    made = [package(book_id="x", with_macros=True) for _ in range(2)]
    assert made[0] == made[1]
