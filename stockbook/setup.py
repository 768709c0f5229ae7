"""安装: tell Excel which Python runs the buttons. Once a computer, and again after an update.

The workbook's macros call xlwings' RunPython, which reads the interpreter from the user's
`xlwings.conf`; on macOS it also needs a small script in Excel's own folder.
"""

from __future__ import annotations

import codecs
import importlib.util
import locale
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from stockbook.domain.language import say
from stockbook.domain.problems import SettingsError

KEYS = {"win32": "INTERPRETER_WIN", "darwin": "INTERPRETER_MAC"}


@dataclass(frozen=True, slots=True)
class Machine:
    """The computer to set up.

    Attributes:
        platform: As `sys.platform` names it.
        home: The user's folder.
        python: The interpreter that has StockBook.
    """

    platform: str
    home: Path
    python: Path

    @classmethod
    def here(cls) -> Machine:
        """Return this computer."""
        return cls(sys.platform, Path.home(), Path(sys.executable))

    def config(self) -> Path:
        """Return the file in which xlwings' macros look for the interpreter."""
        if self.platform == "darwin":
            return self.home / "Library/Containers/com.microsoft.Excel/Data/xlwings.conf"
        return self.home / ".xlwings" / "xlwings.conf"

    def scripts(self) -> Path:
        """Return the folder in which Excel for Mac looks for scripts."""
        return self.home / "Library/Application Scripts/com.microsoft.Excel"


def setup(machine: Machine) -> list[str]:
    """Set the interpreter; return in words what was done and what a person does next.

    Raises:
        SettingsError: Excel does not run here, or a file cannot be written.
    """
    if machine.platform not in KEYS:
        raise SettingsError(
            say(
                "按钮只在 Windows 和 macOS 的 Excel 里用；这台电脑请直接用命令，"
                "例如 stockbook refresh 店铺.xlsm",
                "The buttons are for Excel on Windows and macOS; on this computer use the "
                "commands, such as stockbook refresh shop.xlsm",
            )
        )
    try:
        done = [_set_interpreter(machine)]
        if machine.platform == "darwin":
            done.append(_copy_script(machine))
    except OSError as error:
        raise SettingsError(
            say(
                f"写不了 {error.filename}（{error.strerror}）；请关闭 Excel 后重试，"
                "或检查这个文件夹的权限",
                f"{error.filename} could not be written ({error.strerror}); close Excel and try "
                "again, or check the permissions of that folder",
            )
        ) from error
    return [*done, _next(machine)]


def _set_interpreter(machine: Machine) -> str:
    """Put our interpreter into the user's file and keep its other lines."""
    file, key = machine.config(), KEYS[machine.platform]
    encoding = locale.getencoding()  # VBA reads the file in the system's own code page
    file.parent.mkdir(parents=True, exist_ok=True)
    raw = file.read_bytes().removeprefix(codecs.BOM_UTF8) if file.exists() else b""
    kept = [line for line in raw.splitlines() if _key_of(line) != key]  # bytes, as they are
    try:
        ours = f'"{key}","{machine.python}"'.encode(encoding)
    except UnicodeEncodeError as error:
        raise SettingsError(
            say(
                f"Python 的路径 {machine.python} 含有这台电脑编码（{encoding}）写不出的字；"
                "请把 StockBook 装到只有英文或中文的文件夹",
                f"The path {machine.python} has characters that this computer's encoding "
                f"({encoding}) cannot write; install StockBook into a plainer folder",
            )
        ) from error
    draft = file.with_suffix(".stockbook")
    draft.write_bytes(b"\n".join([*kept, ours]) + b"\n")
    draft.replace(file)
    return say(f"按钮将用 {machine.python} 运行（写在 {file}）",
               f"the buttons run with {machine.python} (noted in {file})")  # fmt: skip


def _key_of(line: bytes) -> str:
    """Return the setting a line is for: `"KEY","value"`, with or without quotes."""
    return line.partition(b",")[0].strip().strip(b'"').strip().decode("ascii", "replace").upper()


def _copy_script(machine: Machine) -> str:
    """Copy xlwings' script to where Excel for Mac may run it."""
    spec = importlib.util.find_spec("xlwings")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    (script,) = folder.glob("xlwings-*.applescript")
    machine.scripts().mkdir(parents=True, exist_ok=True)
    for old in machine.scripts().glob("xlwings-*.applescript"):
        old.unlink()
    shutil.copy(script, machine.scripts())
    return say(f"已放好 {machine.scripts() / script.name}",
               f"{machine.scripts() / script.name} is in place")  # fmt: skip


def _next(machine: Machine) -> str:
    if machine.platform == "darwin":
        return say(
            "打开工作簿，启用宏，点 库存预警 → 自检；第一次点击时 macOS 会询问是否允许，请选允许",
            "Open the workbook, enable macros, choose StockBook → Self-check; allow it when macOS "
            "asks the first time",
        )
    return say(
        "打开工作簿：若提示宏被阻止，先在文件属性里勾选“解除锁定”；启用内容后点 库存预警 → 自检",
        "Open the workbook: if macros are blocked, tick Unblock in the file's properties; enable "
        "the content, then choose StockBook → Self-check",
    )


def configured(machine: Machine) -> str | None:
    """Return the interpreter that Excel's buttons would run, or None where none is set."""
    file, key = machine.config(), KEYS.get(machine.platform, "INTERPRETER_WIN")
    if not file.is_file():
        return None
    for line in file.read_bytes().removeprefix(codecs.BOM_UTF8).splitlines():
        if _key_of(line) == key:
            value = line.partition(b",")[2].decode(locale.getencoding(), "replace")
            return value.strip().strip('"') or None
    return None
