"""A refresh that is killed at any instant: the next one finds every unit, once."""

import os
import random

from stockbook import actions
from tests.faults.killing import killed_refresh
from tests.practice import any_unit, practice

KILLS = int(os.environ.get("STOCKBOOK_PROVE_KILLS", "4"))


def test_a_refresh_killed_anywhere_loses_and_doubles_nothing(tmp_path):
    dice = random.Random(1)
    with practice(tmp_path, skus=30, days=30) as at:
        for _ in range(KILLS):
            at.post("clock", {"advance_seconds": 86_400})
            killed_refresh(at, after=dice.uniform(0.4, 2.4))
            assert actions.audit(at.path) == []
            at.refresh()
            assert [row for row in at.stock() if any_unit(row)] == at.truth()
        assert not list(at.path.parent.glob("*.tmp"))
