"""The inbox of pushed messages: a file of its own, so that a busy ledger never delays an answer.

It holds what is still to be asked about, and the ids of the last days against doubles. Losing it
costs no unit: polling brings in what the messages were about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    select,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError

from stockbook.domain.language import say
from stockbook.domain.problems import StoreError
from stockbook.store.known import among

METADATA = MetaData()
Row = dict[str, Any]
message = Table(
    "message",
    METADATA,
    Column("msg_id", String, primary_key=True),
    Column("tag", String, nullable=False),
    Column("order_id", String, nullable=False),
    Column("after_sale_id", String, nullable=False),
    Column("received_at", Integer, nullable=False),
    Column("done_at", Integer),
    sqlite_with_rowid=False,
)
Index("message_waiting", message.c.done_at, message.c.received_at)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that is still to be asked about."""

    msg_id: str
    tag: str
    order_id: str
    after_sale_id: str
    received_at: int


class Inbox:
    """Pushed messages of one app, in one SQLite file."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
            event.listen(self._engine, "connect", _prepare)
            METADATA.create_all(self._engine)
        except (OSError, DatabaseError) as error:
            raise StoreError(
                say(
                    f"推送收件箱 {path} 打不开：{error}；可以删掉它，漏掉的由轮询补上",
                    f"the push inbox {path} cannot be opened: {error}. It may be deleted: polling "
                    "makes up for what is lost",
                )
            ) from error

    def put(self, batches: Sequence[Sequence[Row]]) -> list[int]:
        """Store batches of messages (columns → values) at once; return how many of each are new."""
        ids = [str(row["msg_id"]) for batch in batches for row in batch]
        with self._engine.begin() as connection:
            query = select(message.c.msg_id).where(among(message.c.msg_id, ids))
            seen = set(connection.execute(query).scalars())
            fresh = [[row for row in batch if _is_new(row, seen)] for batch in batches]
            rows = [row for batch in fresh for row in batch]
            if rows:
                connection.execute(insert(message).on_conflict_do_nothing(), rows)
        return [len(batch) for batch in fresh]

    def waiting(self, most: int = 100_000) -> list[Waiting]:
        """Return what is still to be asked about, the oldest first."""
        t = message.c
        query = select(t.msg_id, t.tag, t.order_id, t.after_sale_id, t.received_at)
        query = query.where(t.done_at.is_(None)).order_by(t.received_at).limit(most)
        with self._engine.begin() as connection:
            return [Waiting(*row) for row in connection.execute(query)]

    def done(self, msg_ids: Iterable[str], now: int) -> None:
        """Note that messages were asked about."""
        ids = list(msg_ids)
        if ids:
            with self._engine.begin() as connection:
                mark = message.update().where(among(message.c.msg_id, ids)).values(done_at=now)
                connection.execute(mark)

    def prune(self, before: int) -> int:
        """Forget what was done before an instant [Unix s]; return how many."""
        with self._engine.begin() as connection:
            old = delete(message).where(message.c.done_at < before)
            return int(connection.execute(old).rowcount)

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()


def _is_new(row: Row, seen: set[str]) -> bool:
    key = str(row["msg_id"])
    new = key not in seen
    seen.add(key)
    return new


def _prepare(connection: Any, _: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
