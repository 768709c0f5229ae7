"""The teller: levels seen by the watcher become messages, from a thread of its own."""

from contextlib import closing, contextmanager

import pytest

from stockbook.domain.alerting import Policy
from stockbook.notify import Sender
from stockbook.store.ledger_store import LedgerStore
from stockbook.teller import Teller
from tests.small_shop import NOW, outlook
from tests.test_notify import FEISHU, Clock, Robot, sender
from tests.test_watch import until


@pytest.fixture
def robot():
    with closing(Robot()) as found:
        yield found


@contextmanager
def teller(folder, send, clock):
    clock.now = float(NOW)
    with LedgerStore.open(folder / "ledger.sqlite") as ledger:
        yield Teller(ledger, "s", send, clock)


def texts(robot):
    return [body["content"]["text"] for _, body in robot.got]


def test_what_changed_is_told_without_anyone_waiting_for_it(tmp_path, robot):
    clock = Clock()
    with teller(tmp_path, sender(robot, clock, FEISHU), clock) as found:
        found.start()
        found.see(outlook({"A": 0, "B": 99}), Policy(), NOW)
        until(lambda: found.messages)
        found.see(outlook({"A": 0, "B": 99}), Policy(), NOW)
        found.stop()
        assert len(robot.got) == 1
        assert texts(robot)[0].startswith("【断货】A 遮阳伞")
        assert found.told() == "已提醒 1 次"
        assert found.ledger.untold_changes("s") == []


def test_a_robot_that_is_down_loses_nothing_and_is_not_flooded(tmp_path, robot):
    clock = Clock()
    for _ in range(3):
        robot.will(status=500)
    with teller(tmp_path, sender(robot, clock, FEISHU), clock) as found:
        for minute in range(60):
            found.see(outlook({"A": max(0, 40 - minute), "B": 0 if minute > 30 else 99}),
                      Policy(), int(clock.now))  # fmt: skip
            found.tell()
            clock.now += 60
        assert len(robot.got) <= 3 + 4
        assert found.ledger.untold_changes("s") == []
        told = " ".join(texts(robot)[3:])
        assert "A 遮阳伞" in told
        assert "B 遮阳伞" in told
        assert "恢复了" in found.told()


def test_without_a_robot_the_workbook_says_it_and_nothing_piles_up(tmp_path):
    clock = Clock()
    with teller(tmp_path, Sender((), clock), clock) as found:
        found.see(outlook({"A": 0}), Policy(), NOW)
        found.tell()
        assert found.ledger.untold_changes("s") == []
        assert found.told() == "没有设置群机器人"


def test_a_slow_robot_holds_up_nobody(tmp_path, robot):
    clock = Clock()
    robot.will("nothing")
    with teller(tmp_path, sender(robot, clock, FEISHU), clock) as found:
        found.start()
        found.see(outlook({"A": 0}), Policy(), NOW)
        until(lambda: robot.got)
        found.see(outlook({"A": 0, "B": 0}), Policy(), NOW)  # while the robot does not answer
        assert [c.sku for c in found.ledger.untold_changes("s")] == ["A", "B"]
        robot.release.set()
        found.stop()
