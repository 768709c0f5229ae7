"""Which level holds: worse at once, better once it has held; every row a rule."""

import itertools
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockbook.domain.alert_level import AlertLevel
from stockbook.domain.alerting import Change, Policy, State, step, worst
from stockbook.domain.clock import midnight

OK, WATCH, LOW, CRITICAL, OUT = AlertLevel
LEVELS = st.sampled_from(list(AlertLevel))
MINUTE, HOUR = 60, 3600
DAWN = midnight(date(2026, 3, 2))
CALM = 30 * MINUTE


def path(*looks, calm=CALM):
    """Return the changes that (minute, level) pairs make, as (minute, old, new)."""
    state, found = None, []
    for minute, level in looks:
        state, change = step("A", state, level, DAWN + minute * MINUTE, calm_seconds=calm)
        if change:
            found.append(((change.at - DAWN) // MINUTE, change.old, change.new))
    return found


@pytest.mark.parametrize(
    ("looks", "changes"),
    [
        ([(0, OK)], []),
        ([(0, OUT)], [(0, OK, OUT)]),
        ([(0, LOW), (1, LOW), (90, LOW)], [(0, OK, LOW)]),
        ([(0, OK), (5, LOW), (6, OUT)], [(5, OK, LOW), (6, LOW, OUT)]),
        ([(0, OUT), (1, OK), (30, OK)], [(0, OK, OUT)]),
        ([(0, OUT), (1, OK), (31, OK)], [(0, OK, OUT), (31, OUT, OK)]),
        ([(0, LOW), (1, OK), (20, LOW), (21, OK), (50, OK)], [(0, OK, LOW)]),
        ([(0, LOW), (1, OK), (20, LOW), (21, OK), (51, OK)], [(0, OK, LOW), (51, LOW, OK)]),
        # of several better levels the worst counts, and the best of them goes on waiting
        ([(0, OUT), (1, OK), (9, WATCH), (31, OK)], [(0, OK, OUT), (31, OUT, WATCH)]),
        (
            [(0, OUT), (1, OK), (9, WATCH), (31, OK), (60, OK), (61, OK)],
            [(0, OK, OUT), (31, OUT, WATCH), (61, WATCH, OK)],
        ),
        ([(0, OUT), (1, LOW), (9, OUT), (10, CRITICAL), (39, LOW)], [(0, OK, OUT)]),
        ([(0, LOW), (1, OK), (2, CRITICAL), (31, CRITICAL)], [(0, OK, LOW), (2, LOW, CRITICAL)]),
    ],
)
def test_worse_holds_at_once_and_better_once_it_has_held(looks, changes):
    assert path(*looks) == changes


def test_without_a_calm_time_a_better_level_holds_at_once():
    assert path((0, OUT), (1, WATCH), calm=0) == [(0, OK, OUT), (1, OUT, WATCH)]


def test_a_clock_that_was_set_back_does_not_keep_a_sku_bad_for_longer():
    state = step("A", None, OUT, DAWN, calm_seconds=CALM)[0]
    state = step("A", state, OK, DAWN + 10 * HOUR, calm_seconds=CALM)[0]
    state = step("A", state, OK, DAWN + HOUR, calm_seconds=CALM)[0]
    assert step("A", state, OK, DAWN + HOUR + CALM, calm_seconds=CALM)[0].level == OK


def modelled(looks, calm):
    """The same rule told backwards over the whole history, from every look since the last change.

    The level that holds falls to the worst level of the newest run of better looks, once that run
    is as old as the calm time.
    """
    held, since, found = OK, 0, []
    for i, (now, level) in enumerate(looks):
        run = []
        for at, seen in reversed(looks[since : i + 1]):
            if seen.rank >= held.rank:
                break
            run.append((at, seen))
        new = held
        if level.rank > held.rank:
            new = level
        elif run and now - run[-1][0] >= calm:
            new = max((seen for _, seen in run), key=lambda seen: seen.rank)
        if new != held:
            found.append((now, held, new))
            since = i if level.rank < new.rank else i + 1
            held = new
    return held, found


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), LEVELS), max_size=60), st.integers(0, 60))
def test_req_14_the_machine_is_the_rule_whatever_levels_come(gaps, calm):
    looks, now = [], 0
    for gap, level in gaps:
        now += gap
        looks.append((now, level))
    state, found = None, []
    for at, level in looks:
        state, change = step("A", state, level, at, calm_seconds=calm)
        if change:
            found.append((change.at, change.old, change.new))
    held, expected = modelled(looks, calm)
    assert found == expected
    if looks:
        assert state.level == held
        assert state.level.rank >= looks[-1][1].rank, "never better than what is seen"
    for (_, _, new), (_, old, _) in itertools.pairwise(found):
        assert new == old, "changes follow one another"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (OK, WATCH, False),
        (OK, LOW, True),
        (WATCH, LOW, True),
        (LOW, CRITICAL, True),
        (CRITICAL, OUT, True),
        (OUT, CRITICAL, False),
        (OUT, LOW, True),
        (CRITICAL, WATCH, True),
        (CRITICAL, OK, True),
        (LOW, OK, False),
        (LOW, WATCH, False),
    ],
)
def test_what_is_told_is_worsening_to_low_and_the_way_back_from_critical(old, new, told):
    assert Policy().tells(Change("A", 0, old, new, "")) is told


@pytest.mark.parametrize(("tell_from", "told"), [(WATCH, 3), (LOW, 2), (CRITICAL, 1), (OUT, 0)])
def test_people_choose_how_bad_it_has_to_be(tell_from, told):
    policy = Policy(tell_from=tell_from)
    down = [(OK, WATCH), (WATCH, LOW), (LOW, CRITICAL)]
    assert sum(policy.tells(Change("A", 0, *pair, "")) for pair in down) == told


@pytest.mark.parametrize(
    ("start", "end", "hour", "quiet"),
    [
        (22, 8, 21.9, False),
        (22, 8, 22, True),
        (22, 8, 3, True),
        (22, 8, 7.99, True),
        (22, 8, 8, False),
        (12, 13.5, 13, True),
        (12, 13.5, 13.5, False),
        (8, 8, 8, False),
        (0, 24, 12, True),
        (24, 8, 3, True),
        (24, 8, 23, False),
        (22, 24, 23, True),
        (22, 0, 23, True),
        (22, 0, 1, False),
    ],
)
def test_quiet_hours_may_span_midnight(start, end, hour, quiet):
    policy = Policy(quiet_from=start, quiet_until=end)
    assert policy.is_quiet(DAWN + round(hour * HOUR)) is quiet


@settings(deadline=None)
@given(st.integers(DAWN, DAWN + 86_400), st.floats(0, 24), st.floats(0, 24))
def test_quiet_hours_are_over_when_they_say(now, start, end):
    policy = Policy(quiet_from=start, quiet_until=end)
    if policy.is_quiet(now):
        assert now < policy.quiet_end(now) <= now + 86_400
        whole_day = start < 1 / HOUR and end > 24 - 1 / HOUR
        assert whole_day or not policy.is_quiet(policy.quiet_end(now) + 1) or start - end < 1 / HOUR


def test_a_level_worse_than_the_one_snoozed_ends_the_snooze():
    state = State(LOW, 0, snoozed_until=999, snoozed_level=LOW)
    assert step("A", state, LOW, 5, calm_seconds=0)[0].snoozed_until == 999
    assert step("A", state, OK, 5, calm_seconds=0)[0].snoozed_until == 999
    worse = step("A", state, CRITICAL, 5, calm_seconds=0)[0]
    assert (worse.snoozed_until, worse.snoozed_level) == (None, None)


def test_the_worst_is_found_whatever_the_order():
    assert worst(OK, OUT, LOW) == OUT
