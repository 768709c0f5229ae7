"""A ledger of an earlier revision is upgraded in place, after a backup, and loses nothing."""

import sqlite3
from contextlib import closing

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event

from stockbook.domain.problems import StoreError
from stockbook.domain.records import StockCount
from stockbook.store import schema
from stockbook.store.engine import MIGRATIONS
from stockbook.store.ledger_store import LedgerStore
from tests.store.test_ledger_store import SKUS, line, post

SAME = ("stock_move", "stock_count", "balance", "daily_demand", "cursor", "sku_map")


def first_revision(path, newer):
    """Make a ledger of revision 0001 with the facts of a newer one."""
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("ATTACH ? AS new", (str(newer),))
        for table in SAME:
            old.execute(f"INSERT INTO main.{table} SELECT * FROM new.{table}")
        columns = [row[1] for row in old.execute("PRAGMA main.table_info(order_line)")]
        chosen = ["json_extract(posted_as, '$[0][0]')" if c == "posted_sku" else c for c in columns]
        old.execute(f"INSERT INTO main.order_line SELECT {', '.join(chosen)} FROM new.order_line")
        places = "shop_id, line_id, sku, bucket, quantity"
        old.execute(f"INSERT INTO main.line_place SELECT {places} FROM new.line_place")


def test_an_older_ledger_is_upgraded_after_a_backup(tmp_path):
    newer, path = tmp_path / "newer.sqlite", tmp_path / "l.sqlite"
    with LedgerStore.open(newer) as store:
        store.map_skus(SKUS, 0)
        store.keep_apart("s", ["北仓"], 0)
        post(store, *(line(i, warehouse="北仓" if i % 2 else "") for i in range(20)))
        post(store, *(line(i, 3, 400, shipped_at=400) for i in range(0, 20, 2)))
        store.post_counts([StockCount("s", "sku-1", 40, 300)], 1000)
        expected = store.balance_hash(), store.daily_demand().to_csv(), store.move_count()
    first_revision(path, newer)
    before = path.read_bytes()
    with LedgerStore.open(path) as store:
        assert store.audit() == []
        found = store.balance_hash(), store.daily_demand().to_csv(), store.move_count()
        assert found == expected
        assert post(store, line(1, 4, 500, warehouse="北仓")).moves == 1
        assert store.audit() == []
    backup = path.with_name("l.before-0001.sqlite")
    with closing(sqlite3.connect(backup)) as old:
        assert old.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        assert old.execute("SELECT count(*) FROM order_line").fetchone() == (20,)
    assert backup.stat().st_size >= len(before) // 2


def test_the_upgraded_ledger_has_the_tables_that_the_code_names(tmp_path):
    LedgerStore.open(tmp_path / "l.sqlite").close()
    with closing(sqlite3.connect(tmp_path / "l.sqlite")) as found:
        for table in schema.METADATA.sorted_tables:
            rows = found.execute(f"PRAGMA table_info({table.name})").fetchall()
            assert {row[1] for row in rows} == {column.name for column in table.columns}
            keys = [row[1] for row in sorted(rows, key=lambda row: row[5]) if row[5]]
            assert keys == [column.name for column in table.primary_key]


def test_a_failing_upgrade_leaves_the_ledger_as_it_was(tmp_path, monkeypatch):
    newer, path = tmp_path / "newer.sqlite", tmp_path / "l.sqlite"
    with LedgerStore.open(newer) as store:
        post(store, line())
    first_revision(path, newer)
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("CREATE TABLE component (in_the_way INTEGER)")
    with pytest.raises(StoreError, match="component"):
        LedgerStore.open(path)
    with closing(sqlite3.connect(path)) as old:
        assert old.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        tables = {row[0] for row in old.execute("SELECT name FROM sqlite_master")}
        assert "line_place_0001" not in tables
        assert "after_sale" not in tables


def test_a_ledger_that_others_keep_busy_is_said_in_words(tmp_path, monkeypatch):
    monkeypatch.setattr("stockbook.store.engine.PATIENCE", 0.1)
    path = tmp_path / "l.sqlite"
    with LedgerStore.open(path) as store, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="占用"):
            post(store, line(1))
        with pytest.raises(StoreError, match="占用"):
            LedgerStore.open(path)
        other.rollback()
        assert post(store, line(1)).moves == 1


def test_a_full_disk_is_said_in_words_and_nothing_is_half_written(tmp_path):
    with LedgerStore.open(tmp_path / "l.sqlite") as store:
        post(store, line(1))
        before = store.balance_hash()

        def bounded(connection, _):
            connection.execute("PRAGMA max_page_count=1")  # no more than there is

        event.listen(store._engine, "connect", bounded)
        store._engine.dispose()
        with pytest.raises(StoreError, match="磁盘已满"):
            post(store, *(line(i) for i in range(2, 3000)))
        assert store.balance_hash() == before
        assert store.audit() == []
