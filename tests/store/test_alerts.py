"""Alert states and changes in the ledger: nothing lost by a kill, a snooze kept from a race."""

import sqlite3
from contextlib import closing

import pytest

from stockbook.domain.alert_level import AlertLevel
from stockbook.domain.alerting import Policy, State
from stockbook.domain.digest import due
from stockbook.store.ledger_store import LedgerStore

OK, WATCH, LOW, CRITICAL, OUT = AlertLevel
CALM = 1800


@pytest.fixture
def path(tmp_path):
    return tmp_path / "l.sqlite"


@pytest.fixture
def ledger(path):
    with LedgerStore.open(path) as store:
        yield store


def note(ledger, now, shop="s", **levels):
    texts = {sku: f"{sku}：{level}" for sku, level in levels.items()}
    return ledger.alerts.note_levels(shop, levels, now, calm_seconds=CALM, texts=texts)


def rows(path, query):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_req_14_states_and_changes_survive_a_restart(ledger, path):
    noted = note(ledger, 100, A=LOW, B=OK, C=OUT)
    note(ledger, 200, A=LOW, B=OK, C=WATCH)
    ledger.close()
    with LedgerStore.open(path) as again:
        assert again.alerts.states("s") == {
            "A": State(LOW, 100),
            "B": State(OK, 100),
            "C": State(OUT, 100, WATCH, 200),
        }
        found = again.alerts.untold("s")
        assert [(c.sku, c.at, c.old, c.new, c.text) for c in found] == [
            ("A", 100, OK, LOW, "A：low"),
            ("C", 100, OK, OUT, "C：out"),
        ]
        assert [c.change_id for c in found] == [1, 2]
        assert [(c.sku, c.new) for c in noted.changes] == [("A", LOW), ("C", OUT)]
        assert note(again, 200 + CALM, C=WATCH).changes[0].new == WATCH


def test_req_14_a_change_is_told_once_and_by_its_first_note(ledger, path):
    note(ledger, 100, A=LOW, B=OUT, C=LOW)
    ledger.alerts.settle("s", [1, 2], [], 111, told=True)
    ledger.alerts.settle("s", [2, 3], [], 222, told=False)
    assert ledger.alerts.untold("s") == []
    found = rows(path, "SELECT change_id, told_at FROM alert_change ORDER BY 1")
    assert found == [(1, 111), (2, 111), (3, 0)]


def test_a_look_without_news_writes_nothing(ledger, path):
    note(ledger, 100, A=LOW, B=OK)
    before = rows(path, "SELECT * FROM alert_state")
    assert note(ledger, 999, A=LOW).states["B"] == State(OK, 100)
    assert rows(path, "SELECT * FROM alert_state") == before
    assert len(ledger.alerts.untold("s")) == 1


def test_shops_do_not_mix(ledger):
    note(ledger, 100, A=LOW)
    note(ledger, 100, "t", A=OUT)
    assert ledger.alerts.states("t") == {"A": State(OUT, 100)}
    assert [c.new for c in ledger.alerts.untold("t")] == [OUT]
    ledger.alerts.settle("s", [1, 2], [], 111, told=True)
    assert [c.change_id for c in ledger.alerts.untold("t")] == [2]


def test_a_snooze_is_kept_through_looks_and_broken_by_worse(ledger):
    note(ledger, 100, A=LOW)
    assert ledger.alerts.snooze("s", "A", 5000) == State(LOW, 100, None, None, 5000, LOW)
    assert note(ledger, 200, A=OK).states["A"] == State(LOW, 100, OK, 200, 5000, LOW)
    assert note(ledger, 300, A=CRITICAL).states["A"] == State(CRITICAL, 300)


def test_a_snooze_of_a_sku_nobody_knows_does_nothing(ledger):
    assert ledger.alerts.snooze("s", "?", 5000) is None
    assert ledger.alerts.states("s") == {}


def test_a_snooze_may_be_for_a_level_of_ones_own(ledger):
    note(ledger, 100, A=LOW)
    ledger.alerts.snooze("s", "A", 5000, CRITICAL)
    assert note(ledger, 300, A=CRITICAL).states["A"].snoozed_until == 5000


def test_a_snooze_that_began_anew_is_not_forgotten_with_the_old_one(ledger):
    note(ledger, 100, A=LOW, B=LOW)
    ledger.alerts.snooze("s", "A", 1000)
    ledger.alerts.snooze("s", "B", 1000)
    ledger.alerts.snooze("s", "A", 9000)  # by somebody else, while the message was under way
    ledger.alerts.settle("s", [], ["A", "B"], 1001, told=True)
    states = ledger.alerts.states("s")
    assert states["A"].snoozed_until == 9000
    assert states["B"] == State(LOW, 100)


def test_req_14_a_kill_between_answer_and_note_repeats_one_message_and_loses_none(ledger, path):
    note(ledger, 100, A=OUT)
    first = step_of(ledger, 100)
    ledger.close()  # sent, and killed before it was noted
    with LedgerStore.open(path) as again:
        second = step_of(again, 130)
        assert second.changes == first.changes
        again.alerts.settle("s", second.changes, second.woken, 130, told=True)
        assert step_of(again, 160) is None


def step_of(ledger, now):
    always = Policy(quiet_from=0, quiet_until=0)
    untold, states = ledger.alerts.untold("s"), ledger.alerts.states("s")
    return due(untold, states, now, always, lines={}).message


def test_thousands_of_skus_go_in_one_look(ledger):
    levels = {f"K{i}": LOW for i in range(5_000)}
    assert len(note(ledger, 100, **levels).changes) == 5_000
    untold = ledger.alerts.untold("s")
    ledger.alerts.settle("s", [c.change_id for c in untold], levels, 111, told=True)
    assert ledger.alerts.untold("s") == []
