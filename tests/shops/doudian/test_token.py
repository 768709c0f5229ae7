"""Tokens of both kinds of apps: kept, refreshed once, never shown, never one for the other."""

import json
import logging
import multiprocessing
import os
import threading

import pytest

from stockbook.domain.problems import ShopRefused, ShopUnavailable
from stockbook.shops.doudian.client import DoudianShop
from stockbook.shops.doudian.token import CODE, SELF, Token
from stockbook.shops.doudian.transport import Account, _without
from tests.shops.pulling import pulling

DAY = 86_400


@pytest.fixture
def at(tmp_path):
    with pulling(tmp_path, skus=4, days=4) as found:
        yield found


@pytest.fixture
def tool(at):
    """The practice shop takes the app for a tool app."""
    at.post("modes", {"tool": True})
    return at


def a_code(at):
    return at.post("authorize", {})[1]["code"]


def kept(at):
    return json.loads((at.folder / "token.json").read_text())


def dead(at):
    """Let a refresh token die: fifteen days without use."""
    at.advance(15 * DAY)


def works(shop):
    return bool(shop.skus()[0])


# --- the two grants -----------------------------------------------------------------------


def test_a_self_use_app_is_granted_tokens_by_itself(at):
    assert works(at.shop())
    assert kept(at)["grant"] == SELF
    dead(at)
    assert works(at.shop())


def test_a_tool_app_is_authorised_by_a_code_and_says_so_until_then(tool):
    with pytest.raises(ShopRefused, match="stockbook authorize"):
        tool.shop().skus()
    tool.shop().authorize(a_code(tool))
    assert works(tool.shop())
    assert kept(tool)["grant"] == CODE


def test_a_code_is_good_for_one_use_and_ten_minutes(tool):
    code = a_code(tool)
    tool.shop().authorize(code)
    with pytest.raises(ShopRefused, match=r"31007.*10 分钟"):
        tool.shop().authorize(code)
    late = a_code(tool)
    tool.advance(601)
    with pytest.raises(ShopRefused, match=r"31007.*10 分钟") as caught:
        tool.shop().authorize(late)
    assert late not in str(caught.value)
    assert works(tool.shop())  # by the first code's pair


def test_a_tool_app_goes_on_for_months_as_long_as_it_is_used(tool):
    tool.shop().authorize(a_code(tool))
    for _ in range(12):
        tool.advance(13 * DAY)
        assert works(tool.shop())
    assert kept(tool)["grant"] == CODE


def test_a_tool_app_whose_refresh_token_died_asks_for_a_person(at):
    """The practice shop would grant a self-use pair here: it must not be asked."""
    at.shop().authorize(a_code(at))
    dead(at)
    before = kept(at)
    shop = at.shop()
    with pytest.raises(ShopRefused, match=r"重新授权.*stockbook authorize"):
        shop.skus()
    assert kept(at) == before
    at.shop().authorize(a_code(at))
    assert works(at.shop())


def test_a_damaged_token_file_keeps_a_tool_app_from_passing_as_self_use(at):
    at.shop().authorize(a_code(at))
    file = at.folder / "token.json"
    file.write_text(file.read_text()[:-9])
    with pytest.raises(ShopRefused, match="stockbook authorize"):
        at.shop().skus()
    file.write_text("nonsense")
    assert works(at.shop())
    assert kept(at)["grant"] == SELF


def test_a_code_of_another_shop_is_refused_in_words(at):
    account = Account(at.sandbox.gateway, at.sandbox.app_key, at.sandbox.app_secret, "46")
    shop = DoudianShop(account, clock=at.clock, sleep=at.waits.append)
    with pytest.raises(ShopRefused, match=r"463000001.*STOCKBOOK_SHOP_ID"):
        shop.authorize(a_code(at))


def test_the_token_file_of_an_earlier_version_is_of_a_self_use_app(at):
    works(at.shop())
    old = {k: v for k, v in kept(at).items() if k not in ("grant", "before")}
    (at.folder / "token.json").write_text(json.dumps(old))
    assert works(at.shop())
    dead(at)
    assert works(at.shop())


# --- answers that are lost ----------------------------------------------------------------


def test_a_refresh_in_the_last_hour_whose_answer_is_lost_goes_through_the_second_time(tool):
    tool.shop().authorize(a_code(tool))
    tool.advance(7 * DAY - 1800)
    tool.post("faults", {"next": [{"kind": "reset"}]})
    assert works(tool.shop())
    assert tool.post("faults", {})[1]["given"] == {"reset": 1}


def test_after_a_lost_refresh_that_killed_the_old_pair_a_person_is_asked_and_nothing_is_lost(tool):
    tool.shop().authorize(a_code(tool))
    tool.advance(8 * DAY)
    before = kept(tool)
    tool.post("faults", {"next": [{"kind": "reset"}]})
    with pytest.raises(ShopRefused, match=r"重新授权"):
        tool.shop().skus()
    assert kept(tool) == before


def test_the_pair_before_is_tried_where_the_new_one_is_refused(tool):
    """As after a restored backup: the file's own refresh token is unknown, the one before lives."""
    tool.shop().authorize(a_code(tool))
    good = kept(tool)
    lost = good | {"refresh_token": "never-arrived", "before": good["refresh_token"]}
    (tool.folder / "token.json").write_text(json.dumps(lost | {"expires_at": 0}))
    assert works(tool.shop())
    assert kept(tool)["refresh_token"] == good["refresh_token"]


def test_a_refresh_that_never_gets_an_answer_keeps_the_pair_for_the_next_run(tool):
    tool.shop().authorize(a_code(tool))
    tool.advance(7 * DAY - 1800)
    before = kept(tool)
    tool.post("faults", {"rates": {"busy": 1}})
    with pytest.raises(ShopUnavailable):
        tool.shop().skus()
    assert kept(tool) == before
    tool.post("faults", {})
    assert works(tool.shop())


# --- several at once ----------------------------------------------------------------------


def ask(gateway, key, secret, shop_id, file, now):
    """One process that needs a token."""
    shop = DoudianShop(Account(gateway, key, secret, shop_id), clock=lambda: now, token_file=file)
    os._exit(0 if works(shop) else 1)


def test_two_processes_that_refresh_at_once_make_one_refresh(tool):
    tool.shop().authorize(a_code(tool))
    tool.advance(8 * DAY)
    box = tool.sandbox
    arguments = (box.gateway, box.app_key, box.app_secret, box.shop_id,
                 tool.folder / "token.json", tool.clock())  # fmt: skip
    spawn = multiprocessing.get_context("spawn")
    both = [spawn.Process(target=ask, args=arguments) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    info = tool.info()
    assert (info["tokens_made"], info["tokens_refreshed"]) == (2, 1)


def test_eight_threads_of_two_clients_make_one_refresh(tool):
    tool.shop().authorize(a_code(tool))
    tool.advance(8 * DAY)
    clients, found = [tool.shop(), tool.shop()], []
    threads = [
        threading.Thread(target=lambda shop=shop: found.append(works(shop))) for shop in clients * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [True] * 8
    assert tool.info()["tokens_refreshed"] == 1


def test_a_lock_left_by_a_process_that_died_stops_nobody(tool):
    tool.shop().authorize(a_code(tool))
    tool.advance(8 * DAY)
    (tool.folder / "token.lock").write_text("")
    assert works(tool.shop())


def test_two_machines_that_refresh_at_once_are_told_to_wait_and_one_of_them_does(tool):
    """Without a common file: the platform says 31012 to the second, which tries again."""
    tool.shop().authorize(a_code(tool))
    tool.advance(7 * DAY - 1800)
    copy = tool.folder / "copy.json"
    copy.write_text((tool.folder / "token.json").read_text())
    box, found = tool.sandbox, []
    account = Account(box.gateway, box.app_key, box.app_secret, box.shop_id)
    here, other = (
        DoudianShop(account, clock=tool.clock, token_file=file)
        for file in (tool.folder / "token.json", copy)
    )
    threads = [threading.Thread(target=lambda s=s: found.append(works(s))) for s in (here, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [True, True]
    assert tool.info()["tokens_refreshed"] == 1
    reasons = here.stats.reasons + other.stats.reasons
    assert set(reasons) == {"50002 isv.business-failed:31012"}


# --- what is never shown ------------------------------------------------------------------


def test_no_secret_is_shown_in_repr_log_progress_or_error(tool, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    code = a_code(tool)
    shop = tool.shop()
    shop.authorize(code)
    tool.advance(8 * DAY)
    tool.post("faults", {"next": [{"kind": k} for k in ("reset", "traffic", "truncate")]})
    said = []
    for attempt in (shop, tool.shop()):
        try:
            attempt.skus()
        except ShopRefused as refused:
            said.append(str(refused))
    tool.post("faults", {})
    first = kept(tool)
    tool.shop().authorize(a_code(tool))
    tool.pull()
    pair = kept(tool)
    secrets = [code, tool.sandbox.app_secret]
    secrets += [v[k] for v in (first, pair) for k in ("access_token", "refresh_token")]
    shown = "".join([*said, *tool.said, caplog.text, *capfd.readouterr(), repr(shop),
                     repr(Token(**pair)), repr(tool.sandbox), repr(vars(shop))])  # fmt: skip
    assert [secret for secret in secrets if secret in shown] == []
    assert "sign=" not in shown


def test_a_platform_that_repeats_the_token_in_its_words_is_not_quoted(at):
    at.shop().skus()
    token = kept(at)["access_token"]
    answer = {"code": 40003, "msg": f"bad {token}", "sub_msg": f"{token} gone", "sub_code": ""}
    told = _without([at.sandbox.app_secret, token, ""], answer)
    assert token not in json.dumps(told)


def test_the_token_file_is_for_its_owner_only_even_where_it_was_open_before(at):
    file = at.folder / "token.json"
    file.write_text("{}")
    file.chmod(0o644)
    works(at.shop())
    assert file.stat().st_mode & 0o777 == 0o600
