"""诊断: what is installed, where data lives, whether the workbook and the shop answer."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stockbook import actions, settings
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
    ]
    if book is not None:
        findings.append(_tried(say("工作簿", "workbook"), lambda: _workbook(book)))
    return findings


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
    with actions.desk(path) as at:
        findings = at.ledger.audit()
        state = say("账目一致", "ledger clean") if not findings else str(findings[0])
        backups = actions.history(at.book).backups
        kept = say(f"备份在 {backups}", f"backups in {backups}")
        return f"{path} · {at.book.book_id()} · {at.ledger.path} · {state} · {kept}"
