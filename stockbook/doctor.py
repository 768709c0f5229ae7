"""诊断: what is installed, where data lives, whether the workbook and the shop answer."""

from __future__ import annotations

import importlib
import importlib.metadata
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stockbook import running, settings, setup
from stockbook.domain.language import say
from stockbook.domain.problems import StockBookError

PACKAGES = ("stockbook", "xlwings", "pandas", "numpy", "sqlalchemy", "lxml")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    found: str


def examine(book: Path | None) -> list[Finding]:
    """Look at the installation, data folder, credentials, and a workbook if one is named."""
    findings = [
        Finding("Python", ok=True, found=f"{platform.python_version()} ({platform.system()})"),
        Finding(say("程序包", "packages"), ok=True, found=_versions()),
        _tried(say("数据文件夹", "data folder"), _data_folder),
        Finding(say("日志", "log"), ok=True, found=str(settings.log_file())),
        _tried(say("店铺凭证", "credentials"), _credentials),
        *_buttons(setup.Machine.here(), excel_program),
    ]
    if book is not None:
        findings.append(_tried(say("工作簿", "workbook"), lambda: _workbook(book)))
    return findings


def excel_program() -> str | None:
    """Return the program that Windows starts as Excel.Application, or None elsewhere."""
    if platform.system() != "Windows":
        return None
    registry: Any = importlib.import_module("winreg")  # there on Windows only
    classes = registry.HKEY_CLASSES_ROOT
    try:
        number = registry.QueryValue(classes, r"Excel.Application\CLSID")
        return str(registry.QueryValue(classes, rf"CLSID\{number}\LocalServer32"))
    except OSError:
        return ""


def _buttons(machine: setup.Machine, program: Callable[[], str | None]) -> list[Finding]:
    """Look at what the ribbon's buttons need: Excel itself, and a Python."""
    if machine.platform not in setup.KEYS:
        return []
    python = setup.configured(machine)
    told = python or say("还没设置，请运行 stockbook setup", "not set: run stockbook setup")
    if python and not Path(python).exists():
        told = say(f"{python} 不存在，请再运行 stockbook setup",
                   f"{python} is gone: run stockbook setup again")  # fmt: skip
    what = say("按钮用的 Python", "the buttons' Python")
    found = [Finding(what, ok=python is not None and Path(python).exists(), found=told)]
    excel = program()
    if excel is not None:
        found.append(_excel(excel))
    return found


def _excel(program: str) -> Finding:
    if not program:
        return Finding("Excel", ok=False, found=say("没有找到 Excel", "no Excel was found"))
    if any(word in program.lower() for word in ("wps", "kingsoft", r"\et.exe")):
        return Finding("Excel", ok=False, found=say(
            f"WPS 占用了 Excel 的注册（{program}），按钮连不上 Excel；请在 WPS 的配置工具里取消"
            "“默认打开”并修复 Office，或改用命令（stockbook refresh，工作簿要关着）",
            f"WPS has taken Excel's registration ({program}), so the buttons do not reach Excel; "
            "undo that in WPS' settings and repair Office, or use the commands on the closed "
            "workbook (stockbook refresh)"))  # fmt: skip
    return Finding("Excel", ok=True, found=program)


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, ok=True, found=look())
    except (StockBookError, OSError) as error:
        return Finding(what, ok=False, found=str(error))


def _versions() -> str:
    return "  ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)


def _data_folder() -> str:
    folder = settings.data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".probe"
    probe.write_text("", encoding="utf-8")
    probe.unlink()
    return str(folder)


def _credentials() -> str:
    found = settings.credentials()
    return f"{found.gateway} · app {found.app_key} · shop {found.shop_id}"


def _workbook(path: Path) -> str:
    with running.desk(path) as at:
        findings = at.ledger.audit()
        state = say("账目一致", "ledger clean") if not findings else str(findings[0])
        backups = running.history(at.book).backups
        kept = say(f"备份在 {backups}", f"backups in {backups}")
        return f"{path} · {at.book.book_id()} · {at.ledger.path} · {state} · {kept}"
