"""The teller: levels seen by the watcher become messages, from a thread of its own."""

from contextlib import closing, contextmanager

import pytest

from stockbook import settings
from stockbook.domain.alerting import Policy
from stockbook.domain.problems import StoreError
from stockbook.domain.sight import Sight
from stockbook.domain.webhook import Webhook
from stockbook.notify import Sender
from stockbook.store.alerts import Alerts
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
        assert found.ledger.alerts.untold("s") == []


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
        assert found.ledger.alerts.untold("s") == []
        told = " ".join(texts(robot)[3:])
        assert "A 遮阳伞" in told
        assert "B 遮阳伞" in told
        assert "恢复了" in found.told()


@pytest.fixture
def two(robot):
    with closing(Robot()) as other:
        yield robot, other


def two_senders(two, clock):
    hooks = [Webhook(FEISHU, robot.url(FEISHU)) for robot in two]
    return Sender(hooks, clock, timeout=(2, 0.2))


def test_what_one_robot_missed_while_another_took_it_comes_as_one_digest(tmp_path, two):
    """An hour in which B, C … run out, one in ten minutes; the second robot is down for it."""
    clock, (first, second) = Clock(), two
    units = {"A": 99}
    with teller(tmp_path, two_senders(two, clock), clock) as found:
        found.see(outlook({"A": 0}), Policy(), NOW)
        found.tell()
        for minute in range(60):
            clock.now += 60
            second.answers.clear()
            second.will(status=500)
            units = {"A": 0, **{sku: 0 if minute > 9 * i else 99 for i, sku in enumerate("BCDEF")}}
            found.see(outlook(units), Policy(), int(clock.now))
            found.tell()
        tries = len(second.got)
        second.answers.clear()
        clock.now += 300
        found.see(outlook(units), Policy(), int(clock.now))
        found.tell()
        for _ in range(5):
            clock.now += 60
            found.tell()
        assert [text.splitlines()[0][:5] for text in texts(first)] == [
            f"【断货】{sku}" for sku in "ABCDEF"]  # fmt: skip
        assert len(second.got) == tries + 1, "one digest, once"
        digest = texts(second)[-1]
        assert digest.splitlines()[0] == "5 个商品有变化：断货 5"
        assert all(f"【断货】{sku} " in digest for sku in "BCDEF")
        assert "【断货】A" not in digest, "it had heard of A"
        assert found.ledger.alerts.untold("s") == []


def test_what_one_robot_missed_outlasts_the_watch(tmp_path, two):
    """The watch ends while the second robot is down; the next watch tells it, and only it."""
    clock, (first, second) = Clock(), two
    second.will(status=500)
    with teller(tmp_path, two_senders(two, clock), clock) as found:
        found.see(outlook({"A": 0, "B": 99}), Policy(), NOW)
        found.tell()
    assert (len(first.got), len(second.got)) == (1, 1)
    second.answers.clear()
    exchanged = Sender(two_senders(two, clock).webhooks[::-1], clock, timeout=(2, 0.2))
    with teller(tmp_path, exchanged, clock) as found:  # and in another order on 设置
        clock.now += 600
        found.see(outlook({"A": 0, "B": 99}), Policy(), int(clock.now))
        found.tell()
        found.tell()
    assert (len(first.got), len(second.got)) == (1, 2)
    assert texts(second)[1].startswith("【断货】A")
    with teller(tmp_path, exchanged, clock) as found:
        clock.now += 1200
        found.tell()
    assert len(second.got) == 2, "told once"


def test_a_robot_that_comes_back_hears_the_news_and_what_it_missed_in_one_message(tmp_path, two):
    clock, (first, second) = Clock(), two
    second.will(status=500)
    with teller(tmp_path, two_senders(two, clock), clock) as found:
        found.see(outlook({"A": 0, "B": 99}), Policy(), NOW)
        found.tell()
        clock.now += 60
        found.see(outlook({"A": 0, "B": 0}), Policy(), int(clock.now))
        found.tell()
        assert len(first.got) == len(second.got) == 2
        assert "2 个商品有变化" in texts(second)[1]
        assert texts(first)[1].startswith("【断货】B")


def test_what_nobody_needs_to_hear_any_more_is_not_made_up_for(tmp_path, two):
    """It was low while the robot was down, and was refilled before it came back."""
    clock, (_, second) = Clock(), two
    with teller(tmp_path, two_senders(two, clock), clock) as found:
        for units in (35, 99, 99, 99, 99, 99, 99):
            second.answers.clear()
            if units == 35 or clock.now < NOW + 240:
                second.will(status=500)
            found.see(outlook({"A": units}), Policy(calm_minutes=1), int(clock.now))
            clock.now += 60
            found.tell()
        tries = len(second.got)
        clock.now += 600
        found.tell()
        assert len(second.got) == tries <= 5


def test_without_a_robot_the_workbook_says_it_and_nothing_piles_up(tmp_path):
    clock = Clock()
    with teller(tmp_path, Sender((), clock), clock) as found:
        found.see(outlook({"A": 0}), Policy(), NOW)
        found.tell()
        assert found.ledger.alerts.untold("s") == []
        assert found.told() == "没有设置群机器人"


def test_a_slow_robot_holds_up_nobody(tmp_path, robot):
    clock = Clock()
    robot.will("nothing")
    with teller(tmp_path, sender(robot, clock, FEISHU), clock) as found:
        found.start()
        found.see(outlook({"A": 0}), Policy(), NOW)
        until(lambda: robot.got)
        found.see(outlook({"A": 0, "B": 0}), Policy(), NOW)  # while the robot does not answer
        assert [c.sku for c in found.ledger.alerts.untold("s")] == ["A", "B"]
        robot.release.set()
        found.stop()


def test_what_a_robot_took_is_not_told_again_while_the_ledger_cannot_note_it(
    tmp_path, robot, monkeypatch
):
    def full(*_, **__):
        raise StoreError("磁盘满了")

    clock = Clock()
    with teller(tmp_path, sender(robot, clock, FEISHU), clock) as found:
        found.see(outlook({"A": 0}), Policy(), NOW)
        with monkeypatch.context() as patched:
            patched.setattr(Alerts, "settle", full)
            for _ in range(5):
                with pytest.raises(StoreError):
                    found.tell()
                clock.now += 60
        found.tell()
        assert len(robot.got) == 1
        assert found.ledger.alerts.untold("s") == []


def test_a_full_disk_ends_no_thread(tmp_path, monkeypatch):
    monkeypatch.setattr("stockbook.settings.log_file", lambda: tmp_path / "file" / "x.log")
    (tmp_path / "file").write_text("no folder")
    settings.log_error(ZeroDivisionError("oh"))


def test_a_clock_that_was_set_back_makes_no_odd_spans():
    assert "中断了 1 分钟" in Sight().back_words(NOW, NOW + 7200)


def test_a_watch_that_cannot_see_its_shop_says_so_once_and_when_it_can_again(tmp_path, robot):
    clock = Clock()
    with teller(tmp_path, sender(robot, clock, FEISHU), clock) as found:
        read, lost = NOW - 20, NOW
        for minute in range(90):
            back = minute >= 75
            found.note_sight(Sight(read, None if back else lost, "没有网络"))
            found.tell()
            clock.now += 60
        first, second = texts(robot)
        assert first.startswith("【看不到店铺】已经 30 分钟看不到新订单，库存和预警停在 ")
        assert "没有网络" in first
        assert second.startswith("【监控恢复】中断了 1 小时 15 分")


def test_a_shop_that_is_away_for_a_short_while_is_not_told(tmp_path, robot):
    clock = Clock()
    with teller(tmp_path, sender(robot, clock, FEISHU), clock) as found:
        for minute in range(60):
            lost = int(clock.now) // 1500 * 1500  # each 25 minutes it comes back
            found.note_sight(Sight(lost, lost if minute % 25 else None, "没有网络"))
            found.tell()
            clock.now += 60
        assert robot.got == []


def test_a_robot_that_missed_the_loss_hears_it_when_it_works_and_not_once_it_is_over(tmp_path, two):
    clock, (first, second) = Clock(), two
    with teller(tmp_path, two_senders(two, clock), clock) as found:
        second.will(status=500)
        found.note_sight(Sight(NOW - 3600, NOW - 3600, "没有网络"))
        found.tell()
        clock.now += 60
        found.tell()
        assert [len(first.got), len(second.got)] == [1, 2]
        second.will(status=500)
        found.note_sight(Sight(int(clock.now)))
        found.tell()
        clock.now += 60
        found.tell()
        assert texts(first)[1:] == [text for text in texts(first) if "监控恢复" in text]
        assert "监控恢复" in texts(second)[-1]
        found.tell()
        assert [len(first.got), len(second.got)] == [2, 4]
