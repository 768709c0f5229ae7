"""Open a ledger file: SQLite in WAL mode, brought to the newest revision."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import DatabaseError

from stockbook.domain.language import say
from stockbook.domain.problems import StoreError

MIGRATIONS = Path(__file__).parent / "migrations"
PATIENCE = 30  # [s] to wait while another process writes


def open_engine(path: Path) -> Engine:
    """Return an engine on the ledger at `path`, created or upgraded as needed.

    Raises:
        StoreError: The folder cannot be written, the file is no ledger, or it is newer.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": PATIENCE})
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        event.listen(engine, "handle_error", _in_words)
        with engine.begin() as connection:
            _upgrade(connection, path)
    except (OSError, DatabaseError) as error:
        raise StoreError(
            say(
                f"账本 {path} 打不开：{error.__cause__ or error}。"
                "请检查文件夹能否写入、文件是否损坏；没有改动它",
                f"The ledger {path} cannot be opened: {error.__cause__ or error}. Check that the "
                "folder can be written and the file is whole; nothing was changed",
            )
        ) from error
    return engine


def _prepare(connection: Any, _: Any) -> None:
    """FULL sync: after a power cut the newest transaction is on the disk, not only in the WAL."""
    connection.isolation_level = None  # SQLAlchemy's BEGIN below, not the driver's late one
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-64000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _in_words(context: ExceptionContext) -> None:
    """Raise StoreError for what is no fault of the program."""
    fault = str(context.original_exception)
    if "locked" in fault:
        raise StoreError(
            say(
                f"账本正被另一个程序长时间占用（已等 {PATIENCE} 秒），这一步没有写入；"
                "请等它结束再试，例如还在导入的文件",
                f"Another program has kept the ledger busy (waited {PATIENCE} s); this step wrote "
                "nothing. Try again when it is done, such as a file that is still being imported",
            )
        ) from context.original_exception
    if "disk is full" in fault:
        raise StoreError(
            say(
                "磁盘已满，账本没有写入这一步；请腾出空间后再试",
                "The disk is full; the ledger wrote nothing of this step. Make room and try again",
            )
        ) from context.original_exception


def _upgrade(connection: Connection, path: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    found = MigrationContext.configure(connection).get_current_revision()
    known = {revision.revision for revision in script.walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(
            say(
                f"账本 {path.name} 由更新的 StockBook 写成（版本 {found}）；请先升级 StockBook",
                f"The ledger {path.name} was written by a newer StockBook (revision {found}); "
                "upgrade StockBook first",
            )
        )
    if found != script.get_current_head():
        if found is not None:
            _back_up(connection, path.with_name(f"{path.stem}.before-{found}.sqlite"))
        command.upgrade(config, "head")


def _back_up(connection: Connection, copy: Path) -> None:
    """Keep the ledger as it was; SQLite's own copy holds what is still in the WAL, too."""
    copy.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(copy)) as target,
        closing(sqlite3.connect(_file(connection))) as of,
    ):
        of.backup(target)


def _file(connection: Connection) -> str:
    return str(connection.exec_driver_sql("PRAGMA database_list").one()[2])
