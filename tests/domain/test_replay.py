"""Ninety ordinary days, hour by hour: every stock-out is told, and nobody is flooded."""

import itertools
import random
from collections import Counter
from datetime import date

import pytest

from stockbook.domain.alert_level import AlertLevel
from stockbook.domain.alerting import URGENT, Policy
from stockbook.domain.alerts import Situation
from stockbook.domain.clock import midnight
from tests.alarm_desk import Desk

DAYS, HOUR = 90, 3600
START = midnight(date(2026, 3, 1))
HOURS = range(DAYS * 24)
SEEDED = {  # SKU → the hour its stock-out begins, by day and by night, and how long it lasts [h]
    f"S-{i:02}": ((9 + 7 * i) * 24 + (10 if i % 2 else 2), 11 + 3 * i) for i in range(10)
}
SKUS = [*SEEDED, *(f"N-{i:02}" for i in range(10))]


def shop(seed):
    """Return each SKU's rate [units/day] and its free units by hour.

    A seeded SKU is empty for its hours, but for single units that cancels bring back for a moment.
    Every other is refilled in time, and wavers around its lines as returns and cancels come.
    """
    dice = random.Random(seed)
    paths = {}
    for sku in SKUS:
        rate, free, path = dice.uniform(4, 12), 260, []
        begin, lasts = SEEDED.get(sku, (len(HOURS), 0))
        for hour in HOURS:
            free -= 0 if dice.random() < 0.4 else round(dice.uniform(0, rate / 6))
            free += dice.choice((0, 0, 0, 0, 1, -1, 2, -2))
            free += 240 if free <= 12 else 0
            into = hour - begin
            back = 0 < into < lasts - 1 and into % 4 == 0
            path.append((int(back) or -dice.randint(0, 3)) if 0 <= into < lasts else free)
        paths[sku] = (rate, path)
    return paths


def level(rate, free, now):
    return Situation(free, rate, 6 * rate, 4.0, 1.0, now, 1.25).level()


def replay(paths, *, works=lambda _: True, policy=None):
    desk = Desk(policy or Policy())
    for hour in HOURS:
        now = START + hour * HOUR
        lines = {sku: f"{sku}：可售 {path[hour]} 件" for sku, (_, path) in paths.items()}
        levels = {sku: level(rate, path[hour], now) for sku, (rate, path) in paths.items()}
        desk.look(levels, now, works=works(now), lines=lines)
    return desk


@pytest.fixture(scope="module", params=[1, 2])
def paths(request):
    return shop(request.param)


@pytest.fixture(scope="module")
def replayed(paths):
    return replay(paths)


def names(message, sku):
    return f"【断货】{sku}：" in message.text


def test_the_seeded_stock_outs_are_all_there_are(paths):
    for sku, (_, path) in paths.items():
        begin, lasts = SEEDED.get(sku, (0, 0))
        empty = {hour for hour in HOURS if path[hour] <= 0}
        assert empty <= set(range(begin, begin + lasts))
        assert begin in empty or sku not in SEEDED


def test_req_14_every_seeded_stock_out_is_told_in_its_hour_and_once(replayed):
    for sku, (begin, lasts) in SEEDED.items():
        told = [at for at, message in replayed.sent if names(message, sku)]
        assert told == [START + begin * HOUR], f"{lasts} hours, and units that came and went"
    assert not any(names(m, sku) for _, m in replayed.sent for sku in SKUS if sku not in SEEDED)


def test_req_14_the_way_back_from_every_stock_out_is_told(replayed):
    for sku, (begin, lasts) in SEEDED.items():
        end = START + (begin + lasts) * HOUR
        night = 11 * HOUR  # what came back at night is told in the morning
        back = [
            at
            for at, message in replayed.sent
            if end <= at <= end + night and sku in message.skus and "恢复" in message.text
        ]
        assert len(back) == 1


def test_req_14_at_most_one_line_per_sku_and_change(replayed):
    lines = Counter(sku for _, message in replayed.sent for sku in message.skus)
    worth = Counter(c.sku for c in replayed.changes if replayed.policy.tells(c))
    assert set(lines) <= set(worth)
    assert all(lines[sku] <= worth[sku] for sku in SKUS)
    told = Counter(n for _, message in replayed.sent for n in message.changes)
    assert set(told.values()) == {1}
    waiting = {c.change_id for c in replayed.changes} - set(replayed.settled)
    assert all(replayed.changes[n - 1].at > START + (DAYS - 1) * 24 * HOUR for n in waiting)


def test_req_14_noise_around_the_lines_makes_few_lines(paths, replayed):
    seen = sum(
        level(rate, a, 0) != level(rate, b, 0)
        for rate, path in paths.values()
        for a, b in itertools.pairwise(path)
    )
    lines = sum(len(message.skus) for _, message in replayed.sent)
    calm = replay(paths, policy=Policy(calm_minutes=24 * 60))
    assert sum(len(message.skus) for _, message in calm.sent) < lines < seen / 2


def test_req_14_nights_bring_only_what_cannot_wait(replayed):
    at_night = [m for at, m in replayed.sent if replayed.policy.is_quiet(at)]
    assert len(at_night) >= 5, "half of the stock-outs begin at night"
    for message in at_night:
        assert all(f"【{x.label}】" not in message.text for x in AlertLevel if x not in URGENT)


def test_req_14_a_webhook_down_for_an_hour_loses_nothing_and_comes_back_as_one_digest(paths):
    begin, _ = SEEDED["S-01"]
    down = START + begin * HOUR
    quiet = replay(paths, works=lambda now: now != down)
    calm = replay(paths)
    before, after = ([m for at, m in d.sent if at < down] for d in (quiet, calm))
    assert before == after
    ((at, digest),) = [(at, m) for at, m in quiet.sent if down <= at <= down + HOUR]
    assert at == down + HOUR
    assert names(digest, "S-01")
    missed = [m for at, m in calm.sent if at == down]
    assert {sku for m in missed for sku in m.skus} <= set(digest.skus)
    assert set(quiet.settled) == set(calm.settled), "the same changes, none lost"


def test_req_14_all_that_happens_while_the_webhook_is_down_is_one_message():
    desk, now = Desk(), START + 12 * HOUR
    desk.look(dict.fromkeys(SKUS, AlertLevel.OK), now)
    for minute in range(60):  # every three minutes another SKU runs out; two are refilled
        gone = SKUS[: minute // 3]
        levels = {sku: AlertLevel.OUT if sku in gone else AlertLevel.OK for sku in SKUS}
        if minute > 20:
            levels |= dict.fromkeys(SKUS[:2], AlertLevel.OK)
        assert desk.look(levels, now + minute * 60, works=False) is None
    digest = desk.look(levels, now + HOUR)
    assert digest.text.splitlines()[0] == "19 个商品有变化：断货 17、正常 2"
    assert sorted(digest.skus) == sorted(SKUS[:19])
    assert desk.look(levels, now + HOUR + 60) is None
