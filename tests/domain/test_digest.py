"""What is sent, and when: one message, each SKU once, nothing lost, nobody flooded."""

import itertools
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockbook.domain.alert_level import AlertLevel
from stockbook.domain.alerting import URGENT, Policy
from stockbook.domain.clock import midnight
from stockbook.domain.language import speak
from tests.alarm_desk import Desk

OK, WATCH, LOW, CRITICAL, OUT = AlertLevel
MINUTE, HOUR = 60, 3600
NOON = midnight(date(2026, 3, 2)) + 12 * HOUR
NIGHT = midnight(date(2026, 3, 2)) + 23 * HOUR
MORNING = NIGHT + 9 * HOUR


@pytest.fixture
def desk():
    return Desk(Policy(calm_minutes=0))


def test_req_14_one_change_is_one_message(desk):
    assert desk.look({"A": OK}, NOON) is None
    message = desk.look({"A": LOW}, NOON + 60)
    assert message.text == "【偏低】A：…\nStockBook 库存预警 03-02 12:01"
    assert desk.look({"A": LOW}, NOON + 120) is None


def test_english_says_the_same(desk):
    with speak("en"):
        message = desk.look({"A": OUT}, NOON, lines={"A": "A: 0 free"})
    assert message.text == "[Out] A: 0 free\nStockBook stock alert 03-02 12:00"


def test_a_first_look_is_one_digest_worst_first_with_the_rest_counted():
    desk = Desk(Policy(digest_lines=3))
    levels = {"a": LOW, "b": OUT, "c": LOW, "d": CRITICAL, "e": LOW, "f": OK, "g": WATCH}
    message = desk.look(levels, NOON)
    assert message.text.splitlines()[:-1] == [
        "5 个商品有变化：断货 1、告急 1、偏低 3",
        "【断货】b：…",
        "【告急】d：…",
        "【偏低】a：…",
        "还有 2 个，见工作簿",
    ]
    assert message.skus == ("b", "d", "a", "c", "e")
    assert desk.look(levels, NOON + 60) is None, "what was only counted is told, too"


def test_of_one_level_the_most_urgent_comes_first(desk):
    lines = {"z": "z：1 小时", "a": "a：2 小时"}
    assert desk.look({"a": LOW, "z": LOW}, NOON, lines=lines).skus == ("z", "a")


def test_quiet_hours_hold_everything_but_critical_and_out(desk):
    message = desk.look({"A": LOW, "B": OUT, "C": CRITICAL, "D": LOW}, NIGHT)
    assert message.skus == ("B", "C")
    assert desk.due.wake_at == MORNING
    assert desk.look({"A": LOW, "B": OK, "C": LOW, "D": CRITICAL}, NIGHT + 60).skus == ("D",)
    assert desk.look({"A": LOW, "B": OK, "C": LOW, "D": CRITICAL}, MORNING - 1) is None
    digest = desk.look({"A": LOW, "B": OK, "C": LOW, "D": CRITICAL}, MORNING)
    assert digest.text.splitlines()[1:-1] == [
        "【偏低】A：…",
        "【偏低】C：…（从告急恢复）",
        "【正常】B：…（从断货恢复）",
    ]


def test_what_waited_says_that_it_had_been_worse(desk):
    desk.look({"A": OK, "B": LOW, "C": OK}, NOON)
    for minute, levels in enumerate(((OUT, CRITICAL, LOW), (OK, LOW, OK)), 1):
        assert not desk.look(dict(zip("ABC", levels, strict=True)), NOON + minute, works=False)
    message = desk.look({"A": OK, "B": LOW, "C": OK}, NOON + 600)
    assert message.text.splitlines()[1:-1] == [
        "【偏低】B：…（期间告急）",
        "【正常】A：…（期间断货）",
    ], "C is back where it was and had not been bad: nobody needs to know"


def test_a_sku_that_wavers_is_told_again_once_the_better_level_had_held():
    desk = Desk(Policy(calm_minutes=30))
    looks = [LOW, WATCH, LOW, WATCH, LOW, WATCH, WATCH, WATCH, WATCH, LOW]
    sent = [desk.look({"A": level}, NOON + i * 600) for i, level in enumerate(looks)]
    assert [i for i, message in enumerate(sent) if message] == [0, 9]


def test_what_is_over_by_the_time_it_could_be_told_waits_for_the_morning(desk):
    assert desk.look({"A": OUT}, NIGHT, works=False) is None
    assert desk.look({"A": LOW}, NIGHT + 60) is None
    assert "【偏低】A：…（期间断货）" in desk.look({"A": LOW}, MORNING).text


def test_the_present_figures_are_told_not_those_of_the_change(desk):
    desk.look({"A": LOW}, NOON, works=False, lines={"A": "A：可售 9 件"})
    message = desk.look({"A": OUT}, NOON + 60, lines={"A": "A：可售 0 件"})
    assert message.text.splitlines()[0] == "【断货】A：可售 0 件"
    desk.look({"B": LOW}, NOON + 120, works=False, lines={"B": "B：可售 9 件"})
    gone = desk.look({}, NOON + 180, lines={})
    assert gone.text.splitlines()[0] == "【偏低】B：可售 9 件", "a SKU that left keeps its words"


def test_a_way_back_that_did_not_last_is_not_told(desk):
    desk.look({"A": OUT}, NIGHT - 3 * HOUR)
    assert desk.look({"A": OK}, NIGHT) is None
    assert desk.look({"A": OUT}, NIGHT + 60) is None
    assert desk.look({"A": OUT}, MORNING) is None
    assert len(desk.settled) == 3


def test_a_level_that_recovers_says_so():
    desk = Desk(Policy(calm_minutes=30))
    desk.look({"A": OUT}, NOON, works=False)
    assert "（正在回升）" in desk.look({"A": OK}, NOON + 60).text


def test_what_comes_within_the_gap_joins_the_next_message(desk):
    desk.look({"A": LOW, "B": OK, "C": OK}, NOON)
    assert desk.look({"A": LOW, "B": LOW, "C": OK}, NOON + 4) is None
    assert desk.due.wake_at == NOON + 10
    assert desk.look({"A": LOW, "B": LOW, "C": OUT}, NOON + 10).skus == ("C", "B")


def test_a_snoozed_sku_waits_until_the_snooze_ends_and_is_told_once(desk):
    desk.look({"A": LOW, "B": LOW}, NOON)
    desk.snooze("A", NOON + HOUR)
    assert desk.look({"A": WATCH, "B": LOW}, NOON + 60) is None
    assert desk.look({"A": LOW, "B": CRITICAL}, NOON + 120).skus == ("B",)
    assert desk.due.wake_at == NOON + HOUR
    message = desk.look({"A": LOW, "B": CRITICAL}, NOON + HOUR)
    assert message.text.splitlines()[0] == "【偏低】A：…（静音已到期）"
    assert desk.look({"A": LOW, "B": CRITICAL}, NOON + 2 * HOUR) is None


def test_a_snooze_is_broken_by_worse_and_tells_at_once(desk):
    desk.look({"A": LOW}, NOON)
    desk.snooze("A", NOON + HOUR)
    assert desk.look({"A": CRITICAL}, NOON + 60).text.startswith("【告急】A：…\n")
    assert desk.look({"A": CRITICAL}, NOON + HOUR) is None, "the snooze is over and done with"


def test_a_snooze_that_ends_well_says_nothing(desk):
    desk.look({"A": LOW}, NOON)
    desk.snooze("A", NOON + HOUR)
    desk.look({"A": OK}, NOON + 60)
    assert desk.look({"A": OK}, NOON + HOUR) is None
    assert desk.states["A"].snoozed_until is None
    assert desk.due.woken == ("A",)


def test_the_way_back_of_a_snoozed_sku_is_told_when_the_snooze_ends(desk):
    desk.look({"A": OUT}, NOON)
    desk.snooze("A", NOON + HOUR)
    assert desk.look({"A": OK}, NOON + 60) is None
    assert "从断货恢复，静音已到期" in desk.look({"A": OK}, NOON + HOUR).text


def test_a_snooze_that_ends_in_quiet_hours_waits_for_the_morning(desk):
    desk.look({"A": LOW}, NOON)
    desk.snooze("A", NIGHT)
    assert desk.look({"A": LOW}, NIGHT) is None
    assert desk.look({"A": LOW}, MORNING).skus == ("A",)


def test_a_snooze_is_told_even_if_the_webhook_was_down_when_it_ended(desk):
    desk.look({"A": LOW}, NOON)
    desk.snooze("A", NOON + 60)
    assert desk.look({"A": LOW}, NOON + 60, works=False) is None
    assert desk.look({"A": LOW}, NOON + 120).skus == ("A",)


SKUS = "ABC"
LOOK = st.tuples(
    st.integers(1, 3 * HOUR),
    st.tuples(*[st.sampled_from(list(AlertLevel))] * 3),
    st.booleans(),
    st.sampled_from([None, None, None, *SKUS]),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(LOOK, min_size=1, max_size=40),
    st.sampled_from([0, 30, 120]),
    st.sampled_from([WATCH, LOW, CRITICAL]),
    st.integers(1, 4),
)
def test_req_14_nothing_is_lost_and_nothing_told_twice(looks, calm, tell_from, most):
    desk = Desk(Policy(tell_from, calm, digest_lines=most))
    now, levels, snoozes = NOON, {}, 0
    for gap, chosen, works, snoozed in looks:
        now += gap
        levels = dict(zip(SKUS, chosen, strict=True))
        desk.look(levels, now, works=works)
        if snoozed:
            desk.snooze(snoozed, now + HOUR)
            snoozes += 1
    end = now
    for hours in range(1, 40):  # the levels stay; the webhook works, snoozes and nights end
        desk.look(levels, end + hours * HOUR)
    open_changes = [c for c in desk.changes if c.change_id not in desk.settled]
    assert not open_changes, "every change is told or folded in the end"
    for sku in SKUS:
        named = sum(sku in m.skus for _, m in desk.sent)
        worth = sum(desk.policy.tells(c) for c in desk.changes if c.sku == sku)
        assert named <= worth + snoozes, "at most one line a change"
        assert desk.states[sku].level == levels[sku]
    for at, message in desk.sent:
        assert len(set(message.skus)) == len(message.skus)
        assert len(message.text.splitlines()) <= most + 3
        if desk.policy.is_quiet(at):
            assert all(f"【{level.label}】" not in message.text for level in (LOW, WATCH, OK))
    times = [at for at, _ in desk.sent]
    assert all(b - a >= 10 for a, b in itertools.pairwise(times))
    for group in desk.folds:
        _nobody_needs(group, desk.policy)


def _nobody_needs(changes, policy):
    """What was folded led back to where it came from, or was not worth a word."""
    first, last = changes[0], changes[-1]
    assert all(b.old == a.new for a, b in itertools.pairwise(changes))
    if any(policy.tells(c) for c in changes):
        assert last.new == first.old
        assert not any(c.new in URGENT and c.new.rank > first.old.rank for c in changes)
