"""Where a workbook's ledger lives, and the places where SQLite would break."""

from __future__ import annotations

from pathlib import Path

from stockbook.domain.language import say
from stockbook.domain.problems import StoreError

_SYNCED = ("onedrive", "dropbox", "icloud", "com~apple~clouddocs", "nutstore", "坚果云", "百度网盘",
           "baidusyncdisk", "google drive", "googledrive", "wps云盘")  # fmt: skip


def ledger_path(data_folder: Path, book_id: str) -> Path:
    """Return the ledger of the workbook with this id.

    Raises:
        StoreError: The folder is synced or on a network, where SQLite's WAL loses data.
    """
    folder = data_folder / "ledgers"
    refuse_bad_place(folder)
    return folder / f"{book_id}.sqlite"


def refuse_bad_place(folder: Path) -> None:
    """Raise StoreError where the folder is synced by a cloud drive or lies on a network."""
    text = str(folder)
    synced = next((p for p in folder.parts if p.lower().startswith(_SYNCED)), None)
    if synced or text.startswith(("\\\\", "//")):
        raise StoreError(
            say(
                f"数据文件夹 {folder} 在同步盘或网络盘上，账本放在那里会损坏；"
                "请把 STOCKBOOK_DATA 设为本机的普通文件夹",
                f"The data folder {folder} is synced or on a network, where a ledger breaks; "
                "set STOCKBOOK_DATA to an ordinary folder of this computer",
            )
        )
