"""A refresh or an import that is killed at any instant: the next one finds every unit, once."""

import os
import random

from stockbook import actions
from stockbook.shops.sandbox import exports
from tests.faults.killing import killed, left_behind
from tests.practice import any_unit, practice

ASKED = os.environ.get("STOCKBOOK_PROVE_KILLS")
KILLS, IMPORT_KILLS = int(ASKED or 4), int(ASKED or 3)
NIGHT = 19 * 3600  # [s] from ten past ten to ten past five, when files know what the API knows


def stock(at):
    return [row for row in at.stock() if any_unit(row)]


def test_a_refresh_killed_anywhere_loses_and_doubles_nothing(tmp_path):
    dice = random.Random(1)
    with practice(tmp_path, skus=30, days=30) as at:
        for _ in range(KILLS):
            at.post("clock", {"advance_seconds": 86_400})
            killed(at, "refresh", after=dice.uniform(0.4, 2.4))
            assert actions.audit(at.path) == []
            at.refresh()
            assert stock(at) == at.truth()
        assert left_behind(at, tmp_path) == []


def until_files_know_everything(at):
    """Wait until no order is partly shipped or unpaid: a file says neither how much nor whether."""
    at.post("clock", {"advance_seconds": 86_400})
    while any(order.state in ("part", "unpaid") for order in at.simulation.orders.values()):
        at.post("clock", {"advance_seconds": 60})


def test_an_import_killed_anywhere_loses_and_doubles_nothing(tmp_path):
    dice = random.Random(2)
    with practice(tmp_path, skus=20, days=20) as at:
        at.post("clock", {"advance_seconds": NIGHT})
        until_files_know_everything(at)
        files = exports.write_files(tmp_path / "files", at.simulation)
        lasts, cut = killed(at, "import", *files), 0
        assert stock(at) == at.truth()
        for _ in range(IMPORT_KILLS):
            until_files_know_everything(at)
            files = exports.write_files(tmp_path / "files", at.simulation)
            before = stock(at)
            cut += killed(at, "import", *files, after=dice.uniform(0.3, 1) * lasts) is None
            assert stock(at) in (before, at.truth())  # all of it or none
            assert actions.audit(at.path) == []
            actions.import_files(at.path, files, at.run())
            assert stock(at) == at.truth()
            assert actions.import_files(at.path, files, at.run()).moves == 0
        assert cut > 0
        assert left_behind(at, tmp_path) == []
