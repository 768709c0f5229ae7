"""The journal: every change of the shop's stock, written before it is sent, settled after it.

A batch is one request; its name is the idempotent id. The batches of one publishing share their
name up to the last dash, which also says when the shop's stock was read:
`sb<Unix s>-<random>-<number>`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, Row, func, select, update

from stockbook.domain.records import REPEATED, ChangeResult, ChangeState, StockChange
from stockbook.store import schema

_T = schema.shop_change


@dataclass(frozen=True, slots=True)
class Journaled:
    """One change in the journal; `undoes` is the run that it takes back, or ""."""

    change_id: int
    batch: str
    change: StockChange
    state: ChangeState
    answer: str
    sent_at: int
    settled_at: int | None
    undoes: str

    @property
    def run(self) -> str:
        """The publishing it belongs to."""
        return run_of(self.batch)

    @property
    def read_at(self) -> int:
        """When the shop's stock was read that it starts from [Unix s]."""
        return int(self.batch.partition("-")[0].removeprefix("sb"))

    @property
    def sure(self) -> bool:
        """Whether its outcome is known, SKU by SKU."""
        told = self.state in (ChangeState.DONE, ChangeState.REFUSED)
        return told and self.answer != REPEATED


def new_run(read_at: int) -> str:
    """Return a name for a publishing that starts from stock read at an instant [Unix s]."""
    return f"sb{read_at}-{secrets.token_hex(5)}"


def run_of(batch: str) -> str:
    """Return the publishing that a batch belongs to.

    Example:
        >>> run_of("sb1700000000-0a1b2c3d4e-002")
        'sb1700000000-0a1b2c3d4e'
    """
    return batch.rpartition("-")[0]


class Journal:
    """The journal of one ledger; each method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def write(
        self,
        shop_id: str,
        batch: str,
        changes: Sequence[StockChange],
        *,
        sent_at: int,
        undoes: str = "",
    ) -> None:
        """Write down what is about to be sent [Unix s]."""
        rows = [
            {
                "shop_id": shop_id,
                "batch": batch,
                "shop_sku_id": change.shop_sku_id,
                "product_id": change.product_id,
                "warehouse": change.warehouse,
                "stock_before": change.before,
                "step": change.step,
                "state": ChangeState.SENDING.value,
                "answer": "",
                "sent_at": sent_at,
                "settled_at": None,
                "undoes": undoes,
            }
            for change in changes
        ]
        with self._engine.begin() as connection:
            connection.execute(_T.insert(), rows)

    def settle(self, batch: str, results: Sequence[tuple[ChangeResult, int]], *, at: int) -> None:
        """Write down what became of a batch.

        Args:
            results: One a change, in the order written, with the units that were sent in the end.
            at: When it was known [Unix s].
        """
        with self._engine.begin() as connection:
            for row, (result, step) in zip(_of_batch(connection, batch), results, strict=True):
                connection.execute(
                    update(_T)
                    .where(_T.c.change_id == row.change_id)
                    .values(
                        state=result.state.value, answer=result.answer, step=step, settled_at=at
                    )
                )

    def pending(self, shop_id: str) -> list[list[Journaled]]:
        """Return the batches of which nobody knows what became of them, oldest first."""
        query = select(_T).where(_T.c.shop_id == shop_id, _T.c.state == ChangeState.SENDING.value)
        batches: dict[str, list[Journaled]] = {}
        with self._engine.begin() as connection:
            for row in connection.execute(query.order_by(_T.c.change_id)):
                batches.setdefault(row.batch, []).append(_journaled(row))
        return list(batches.values())

    def since(self, shop_id: str, at: int) -> list[Journaled]:
        """Return the changes sent since an instant [Unix s], oldest first."""
        query = select(_T).where(_T.c.shop_id == shop_id, _T.c.sent_at >= at)
        with self._engine.begin() as connection:
            return [_journaled(r) for r in connection.execute(query.order_by(_T.c.change_id))]

    def last_run(self, shop_id: str) -> list[Journaled]:
        """Return the newest publishing that was not an undoing and was not undone.

        An undoing that the shop refused, or that is still on its way, has undone nothing.
        """
        own = _T.c.shop_id == shop_id
        with self._engine.begin() as connection:
            done = own & (_T.c.state == ChangeState.DONE.value)
            undone = set(
                connection.execute(select(_T.c.undoes).where(done).distinct()).scalars()
            ) - {""}
            rows = connection.execute(
                select(_T.c.batch, func.max(_T.c.change_id).label("last"))
                .where(own, _T.c.undoes == "")
                .group_by(_T.c.batch)
                .order_by(func.max(_T.c.change_id).desc())
            ).all()
            runs = [run_of(row.batch) for row in rows]
            run = next((run for run in runs if run not in undone), None)
            if run is None:
                return []
            query = select(_T).where(own, _T.c.batch.startswith(run + "-", autoescape=True))
            return [_journaled(r) for r in connection.execute(query.order_by(_T.c.change_id))]


def _of_batch(connection: Connection, batch: str) -> Sequence[Row[tuple[int]]]:
    query = select(_T.c.change_id).where(_T.c.batch == batch)
    return connection.execute(query.order_by(_T.c.change_id)).all()


def _journaled(row: Row[tuple[object, ...]]) -> Journaled:
    change = StockChange(row.shop_sku_id, row.product_id, row.warehouse, row.step, row.stock_before)
    state = ChangeState(row.state)
    return Journaled(
        row.change_id, row.batch, change, state, row.answer, row.sent_at, row.settled_at,
        row.undoes,
    )  # fmt: skip
