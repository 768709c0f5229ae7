"""stockbook setup: Excel learns which Python runs the buttons, and nothing else changes."""

import pytest

from stockbook import doctor, setup
from stockbook.domain.problems import SettingsError
from stockbook.setup import Machine


@pytest.fixture(params=["win32", "darwin"])
def machine(request, tmp_path):
    python = tmp_path / "StockBook 环境" / "python"
    python.parent.mkdir()
    python.touch()
    return Machine(request.param, tmp_path / "我", python)


def test_the_interpreter_is_set_and_other_lines_stay(machine):
    assert setup.configured(machine) is None
    machine.config().parent.mkdir(parents=True)
    machine.config().write_text('"PYTHONPATH","C:\\x"\n"interpreter_win","old"\n', "utf-8")
    done = setup.setup(machine)
    assert setup.configured(machine) == str(machine.python)
    assert '"PYTHONPATH","C:\\x"' in machine.config().read_text("utf-8")
    assert str(machine.config()) in done[0]
    before = machine.config().read_text("utf-8")
    setup.setup(machine)
    assert machine.config().read_text("utf-8") == before


def test_the_file_is_the_one_that_the_macros_read(tmp_path):
    windows, mac = (Machine(name, tmp_path, tmp_path) for name in ("win32", "darwin"))
    assert windows.config() == tmp_path / ".xlwings/xlwings.conf"
    container = tmp_path / "Library/Containers/com.microsoft.Excel/Data"
    assert mac.config() == container / "xlwings.conf"


def test_a_mac_gets_the_script_of_this_version_and_loses_older_ones(tmp_path):
    machine = Machine("darwin", tmp_path, tmp_path / "python")
    machine.scripts().mkdir(parents=True)
    (machine.scripts() / "xlwings-0.30.0.applescript").touch()
    setup.setup(machine)
    (script,) = machine.scripts().iterdir()
    assert script.name == "xlwings-0.37.8.applescript"
    assert "VbaHandler" in script.read_text("utf-8")


def test_where_there_is_no_excel_one_is_told_to_use_commands(tmp_path):
    with pytest.raises(SettingsError, match="stockbook refresh"):
        setup.setup(Machine("linux", tmp_path, tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_named(machine):
    machine.config().parent.parent.mkdir(parents=True, exist_ok=True)
    machine.config().parent.touch()
    with pytest.raises(SettingsError, match="关闭 Excel"):
        setup.setup(machine)


def findings(machine, program=None):
    return [(f.ok, f.found) for f in doctor._buttons(machine, lambda: program)]


def test_doctor_tells_whether_the_buttons_have_a_python(machine):
    ((ok, told),) = findings(machine)
    assert not ok
    assert "stockbook setup" in told
    setup.setup(machine)
    assert findings(machine) == [(True, str(machine.python))]
    machine.python.unlink()
    ((ok, told),) = findings(machine)
    assert not ok
    assert "不存在" in told


def test_doctor_finds_wps_in_excels_place(machine):
    setup.setup(machine)
    office = r"C:\Program Files\Microsoft Office\root\Office16\EXCEL.EXE /automation"
    assert findings(machine, office)[1] == (True, office)
    ok, told = findings(machine, r"C:\Program Files\Kingsoft\WPS Office\office6\et.exe")[1]
    assert not ok
    assert "WPS" in told
    assert findings(machine, "")[1] == (False, "没有找到 Excel")
    assert doctor._buttons(Machine("linux", machine.home, machine.python), lambda: None) == []


@pytest.mark.parametrize(
    "old",
    [b'"INTERPRETER_WIN","D:\\old.exe"', b"INTERPRETER_WIN,D:\\old.exe",
     b'\xef\xbb\xbf"INTERPRETER_WIN" , "D:\\old.exe"', b'  "interpreter_win","x"'],
)  # fmt: skip
def test_an_old_line_is_replaced_however_it_is_spelled(tmp_path, old):
    machine = Machine("win32", tmp_path, tmp_path / "python.exe")
    machine.config().parent.mkdir()
    other = '"LOG","C:\\日志"'.encode("gbk")  # another encoding stays as it is
    machine.config().write_bytes(old + b"\n" + other + b"\n")
    setup.setup(machine)
    assert setup.configured(machine) == str(machine.python)
    lines = machine.config().read_bytes().splitlines()
    assert lines == [other, f'"INTERPRETER_WIN","{machine.python}"'.encode()]


def test_a_path_that_cannot_be_written_leaves_the_file_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("locale.getencoding", lambda: "ascii")
    machine = Machine("win32", tmp_path, tmp_path / "环境" / "python.exe")
    machine.config().parent.mkdir()
    machine.config().write_text('"PYTHONPATH","C:\\x"\n', "ascii")
    with pytest.raises(SettingsError, match="ascii"):
        setup.setup(machine)
    assert machine.config().read_text("ascii") == '"PYTHONPATH","C:\\x"\n'
