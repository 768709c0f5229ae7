"""对账 and 发布: the actions behind both doors, with the sheet 店铺库存."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stockbook import intake, publishing
from stockbook.domain.clock import beijing
from stockbook.domain.language import Language, current, say
from stockbook.domain.problems import Problem
from stockbook.domain.records import REPEATED, ChangeState
from stockbook.domain.sellable import Offer, Pool
from stockbook.publishing import Outcome, Sent
from stockbook.running import Desk, Run, connect, desk, shop_key
from stockbook.shop_look import Look, Task, look
from stockbook.workbook.book import Book, Changes, TableChange
from stockbook.workbook.inputs import read_inputs
from stockbook.workbook.shop_rows import shop_row

Sleep = Callable[[float], None]


@dataclass(frozen=True)
class ShopReport:
    """What a reconciliation or a publishing found and did.

    Attributes:
        applied: Whether anything may have been sent to the shop.
        rows: One a platform SKU and warehouse, the most urgent first; the columns of 店铺库存.
        differ: Rows in which the shop and the books differ; `left_alone`: those nobody touches.
        done, refused, unsettled: Changes sent, by what became of them.
        failure: Why it stopped half-way, "" where it did not.
    """

    book: str
    applied: bool
    as_of: int
    rows: tuple[Mapping[str, Any], ...]
    differ: int
    left_alone: int
    steps: int
    done: int = 0
    refused: int = 0
    unsettled: int = 0
    settled: int = 0
    failure: str = ""
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    language: Language = "zh"

    def as_json(self) -> dict[str, Any]:
        """Return plain values for `json.dumps`."""
        rows = [{**row, "at": f"{beijing(self.as_of)}"} for row in self.rows]
        return {
            **{name: getattr(self, name) for name in self.__dataclass_fields__},
            "rows": rows,
            "problems": [
                {name: getattr(p, name) for name in p.__dataclass_fields__} for p in self.problems
            ],
        }


def reconcile(place: Path | Book, run: Run, sleep: Sleep = time.sleep) -> ShopReport:
    """对账: what the shop shows against the ledger; nothing is sent."""
    with desk(place, "preview", run.now) as at:
        found = look(_task(at, run, sleep))
        return _written(at, Outcome(found, applied=False, steps=found.steps))


def publish(
    place: Path | Book,
    run: Run,
    *,
    apply: bool = False,
    undo: bool = False,
    sleep: Sleep = time.sleep,
) -> ShopReport:
    """发布: bring the shop's stock to what may be sold, by increments.

    Args:
        apply: Send them; else only show what would be sent.
        undo: Take the last publishing back instead.

    Raises:
        StoreError: Another publishing is at work, or there is none to take back.
        ShopError: The shop cannot be reached.
    """
    with desk(place, "publish" if apply else "preview", run.now) as at:
        do = publishing.undo if undo else publishing.publish
        return _written(at, do(_task(at, run, sleep), apply=apply))


def preview(book: Book, run: Run) -> ShopReport:
    """同步可售库存 on the ribbon: what would be sent."""
    return publish(book, run)


def apply(book: Book, run: Run) -> ShopReport:
    """发布 on the ribbon, after the question."""
    return publish(book, run, apply=True)


def _task(at: Desk, run: Run, sleep: Sleep) -> Task:
    """Read what people entered, bring it into the ledger, and connect.

    Raises:
        WorkbookError: The sheet 店铺库存 or a column is missing; nothing was sent.
    """
    at.book.read_table("shop_stock")  # before anything is sent
    inputs = read_inputs(at.book, shop_id=shop_key(at.ledger), now=run.now)
    entered, unsure = intake.take_entries(at.book, at.ledger, inputs, run.now)
    entered = replace(entered, problems=(*entered.problems, *unsure))
    shop = connect(run, shop_key(at.ledger))
    return Task(shop, at.ledger, entered, run.now, run.progress, sleep)


def _written(at: Desk, outcome: Outcome) -> ShopReport:
    """Write 店铺库存 and return the report."""
    rows = rows_of(outcome)
    written = at.book.apply(Changes((TableChange("shop_stock", rows, by_position=True),)))
    seen, states = outcome.look, [sent.result.state for sent in outcome.sent.values()]
    return ShopReport(
        str(at.book.path),
        outcome.applied,
        seen.at,
        tuple(rows),
        differ=sum(bool(row["difference"]) for row in rows),
        left_alone=sum(bool(offer.alone) for offer in seen.offers),
        steps=len(outcome.steps),
        done=states.count(ChangeState.DONE),
        refused=states.count(ChangeState.REFUSED),
        unsettled=states.count(ChangeState.SENDING),
        settled=outcome.settled,
        failure=outcome.failure,
        notes=(*seen.pulled.notes, *written.notes()),
        problems=tuple(dict.fromkeys(seen.problems)),
        language=current(),
    )


def rows_of(outcome: Outcome) -> list[Mapping[str, Any]]:
    """Return 店铺库存: what is sent first, then what differs, then the rest."""
    seen, why = outcome.look, outcome.look.causes()

    def urgency(offer: Offer) -> tuple[object, ...]:
        step = outcome.steps.get(offer.pool, 0)
        refused = (sent := outcome.sent.get(offer.pool)) and not _went(sent)
        return not refused, not step, not why[offer.pool], step, offer.stock.sku, offer.pool

    return [
        shop_row(
            offer,
            step=outcome.steps.get(offer.pool, 0),
            cause=why[offer.pool],
            result=result_of(outcome, offer.pool, seen),
            at=seen.at,
        )
        for offer in sorted(seen.offers, key=urgency)
    ]


def _went(sent: Sent) -> bool:
    return sent.result.state == ChangeState.DONE


def result_of(outcome: Outcome, pool: Pool, seen: Look) -> str:
    """Return in words what became of one row."""
    sent = outcome.sent.get(pool)
    if sent is not None:
        return _told(sent)
    if outcome.steps.get(pool):
        preview = say("只是预览，没有发", "preview only, not sent")
        return say("没有发出", "not sent") if outcome.applied else preview
    alone = any(o.alone for o in seen.offers if o.pool == pool)
    return say("没有动", "left alone") if alone else ""


def _told(sent: Sent) -> str:
    answer = sent.result.answer
    if sent.result.state == ChangeState.SENDING:
        return say("没有收到答复，下次先核对", "no answer: settled first next time")
    if sent.result.state == ChangeState.REFUSED:
        return say(f"✗ 平台拒绝：{answer}", f"✗ refused: {answer}")
    if answer == REPEATED:
        return say("✓ 已发布（答复丢过一次）", "✓ published (an answer was lost once)")
    return say("✓ 已发布", "✓ published")


def summary(report: ShopReport) -> Sequence[str]:
    """Return the outcome in sentences, the most important first."""
    said = []
    if report.applied:
        said.append(
            say(
                f"✓ 发布：{report.done} 项成功，{report.refused} 项被拒绝",
                f"✓ published: {report.done} done, {report.refused} refused",
            )
        )
    else:
        said.append(
            say(
                f"✓ 只是预览，店铺没有任何改动；要发布 {report.steps} 项",
                f"✓ preview only, nothing was changed on the shop; {report.steps} changes are due",
            )
        )
    said.append(
        say(
            f"平台和账面不同的 {report.differ} 行，没有动的 {report.left_alone} 行，见 店铺库存 表",
            f"{report.differ} rows differ, {report.left_alone} were left alone; see Shop stock",
        )
    )
    if report.settled:
        said.append(
            say(
                f"上次没有收到答复的 {report.settled} 项已先核对",
                f"{report.settled} changes of an earlier run were settled first",
            )
        )
    if report.failure:
        said.append(
            say(
                f"✗ 没有发完：{report.failure}；再发布一次会先核对、不会重复",
                f"✗ it stopped half-way: {report.failure}; publish again, nothing is doubled",
            )
        )
    return said
