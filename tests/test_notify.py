"""Sending against a robot on 127.0.0.1 that says yes, says no, breaks off, or says nothing."""

import json
import logging
import socket
import threading
import time
from collections import deque
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stockbook import settings
from stockbook.domain.alert_level import AlertLevel
from stockbook.domain.alert_text import alert_lines
from stockbook.domain.alerting import Policy
from stockbook.domain.digest import due
from stockbook.domain.language import speak
from stockbook.domain.problems import SettingsError
from stockbook.domain.robots import feishu_sign
from stockbook.domain.webhook import Webhook, WebhookKind
from stockbook.notify import Sender, Sent
from stockbook.store.ledger_store import LedgerStore
from tests.small_shop import NOW, outlook

FEISHU, DINGTALK, WECOM = WebhookKind
SECRET, TOKEN = "SEC-geheimnis", "t0ken-verraten"
TAKEN = {
    FEISHU: {"code": 0, "msg": "success"},
    DINGTALK: {"errcode": 0, "errmsg": "ok"},
    WECOM: {"errcode": 0, "errmsg": "ok"},
}
START = 1_700_000_000


class Robot:
    """A group robot: answers what the test put down for it, yes where that is nothing."""

    def __init__(self):
        self.answers, self.got, self.release = deque(), [], threading.Event()
        robot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                robot.got.append((self.path, json.loads(body)))
                robot.answer(self)

            def log_message(self, *_):
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def answer(self, handler):
        status, said, headers = self.answers.popleft() if self.answers else (200, None, {})
        if said == "nothing":
            self.release.wait(10)
            return
        if said == "half":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
            return
        if said == "trickling body":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        if said in (
            "trickle",
            "trickling body",
        ):  # a byte now and then: no timeout between two bytes ever ends it
            while not self.release.wait(0.05):
                with suppress(OSError):
                    handler.wfile.write(b"H")
            return
        kind = next(k for k in WebhookKind if k in handler.path)
        data = said if isinstance(said, bytes) else json.dumps(said or TAKEN[kind]).encode()
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    def will(self, said=None, status=200, **headers):
        fixed = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, said, fixed))

    def url(self, kind):
        query = {WECOM: f"?key={TOKEN}", DINGTALK: f"?access_token={TOKEN}"}.get(kind, f"/{TOKEN}")
        return f"http://127.0.0.1:{self.server.server_port}/{kind}{query}"

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def robot():
    with closing(Robot()) as found:
        yield found


@pytest.fixture
def clock():
    return Clock()


class Clock:
    def __init__(self):
        self.now = float(START)

    def __call__(self):
        return self.now


def sender(robot, clock, *kinds, secret=SECRET):
    hooks = [Webhook(k, robot.url(k), secret if k.has_secret else "") for k in kinds]
    return Sender(hooks, clock, timeout=(2, 0.2))


def test_every_robot_gets_the_text_signed(robot, clock):
    sent = sender(robot, clock, FEISHU, DINGTALK, WECOM).send("【断货】A")
    assert sent == Sent(definite_ok=True)
    (_, feishu), (ding_path, ding), (wecom_path, wecom) = robot.got
    assert feishu["content"] == {"text": "【断货】A"}
    assert feishu["sign"] == feishu_sign(SECRET, str(START))
    assert ding["text"] == wecom["text"] == {"content": "【断货】A"}
    assert f"access_token={TOKEN}&timestamp={START}000&sign=" in ding_path
    assert wecom_path == f"/wecom?key={TOKEN}"


@pytest.mark.parametrize(
    ("said", "status"), [(None, 500), ("half", 200), ("nothing", 200), (b"<html>", 200)]
)
def test_an_answer_that_is_none_is_no_yes_and_it_is_tried_again(robot, clock, said, status):
    robot.will(said, status)
    desk = sender(robot, clock, FEISHU)
    sent = desk.send("x")
    assert not sent.definite_ok
    assert sent.retry_at == START + 5
    assert "会自动再试" in sent.said[0]
    assert desk.send("x").said == (), "not asked before its time, and not said twice"
    assert len(robot.got) == 1
    clock.now += 5
    sent = desk.send("x and y")
    assert sent == Sent(definite_ok=True, said=("飞书机器人恢复了",))


def test_nobody_at_the_address_is_no_yes(clock):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/{TOKEN}"
        sent = Sender([Webhook(FEISHU, url)], clock).send("x")
    assert not sent.definite_ok
    assert sent.said == ("飞书机器人暂时收不到消息（连接不上），会自动再试",)


def test_waits_grow_to_five_minutes_and_begin_anew_after_a_yes(robot, clock):
    desk = sender(robot, clock, WECOM)
    waits = []
    for _ in range(9):
        robot.will(status=503)
        sent = desk.send("x")
        waits.append(sent.retry_at - clock.now)
        clock.now = sent.retry_at
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert desk.send("x").definite_ok
    robot.will(status=503)
    assert desk.send("x").retry_at == clock.now + 5


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (FEISHU, {"code": 11232, "msg": "frequency limited"}),
        (DINGTALK, {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}),
        (WECOM, {"errcode": 45009, "errmsg": "api freq out of limit"}),
    ],
)
def test_a_robot_that_had_too_many_is_left_alone_for_a_minute(robot, clock, kind, said):
    robot.will(said)
    assert sender(robot, clock, kind).send("x").retry_at == START + 60


@pytest.mark.parametrize(("asked", "wait"), [("120", 120), ("9999", 300), ("1", 60), ("soon", 60)])
def test_what_the_robot_asks_to_wait_counts_up_to_five_minutes(robot, clock, asked, wait):
    robot.will(status=429, Retry_After=asked)
    assert sender(robot, clock, WECOM).send("x").retry_at == START + wait


def test_a_refusal_is_said_once_with_its_cure_and_tried_seldom(robot, clock):
    desk = sender(robot, clock, FEISHU)
    for _ in range(2):
        robot.will({"code": 19021, "msg": "sign match fail"})
    sent = desk.send("x")
    assert sent.refused == ("飞书",)
    assert sent.retry_at == START + 1800
    assert sent.said == (
        "飞书机器人不收消息：19021 sign match fail。请核对机器人安全设置里的签名密钥，和电脑的时间",
    )
    clock.now += 1799
    assert desk.send("x").refused == ("飞书",)
    assert len(robot.got) == 1
    clock.now += 1
    assert desk.send("x").said == ()
    clock.now += 1800
    assert desk.send("x") == Sent(definite_ok=True, said=("飞书机器人恢复了",))


def test_another_refusal_is_said_anew_and_one_with_another_hint_is_not(robot, clock):
    desk = sender(robot, clock, WECOM)
    said = []
    for code, hint in ((93000, "[1]"), (93000, "[2]"), (40058, "[3]")):
        robot.will({"errcode": code, "errmsg": f"no, hint: {hint}"})
        said.append(len(desk.send("x").said))
        clock.now += 1800
    assert said == [1, 0, 1]


def test_it_is_told_once_one_robot_took_it_and_the_others_failure_is_said(robot, clock):
    desk = sender(robot, clock, FEISHU, WECOM)
    robot.will({"code": 19024, "msg": "Key Words Not Found"})
    sent = desk.send("x")
    assert sent.definite_ok
    assert sent.refused == ("飞书",)
    assert "关键词设成 StockBook" in sent.said[0]
    assert desk.send("y").definite_ok
    assert [path.split("/")[1].split("?")[0] for path, _ in robot.got] == [FEISHU, WECOM, WECOM]


def test_when_all_robots_wait_the_sender_says_until_when(robot, clock):
    desk = sender(robot, clock, FEISHU, WECOM)
    assert desk.retry_at() is None
    for _ in range(2):
        robot.will(status=500)
    desk.send("x")
    assert desk.retry_at() == START + 5
    clock.now += 5
    assert desk.retry_at() is None


def test_a_clock_that_was_set_back_makes_no_long_wait(robot, clock):
    robot.will(status=500)
    desk = sender(robot, clock, FEISHU)
    desk.send("x")
    clock.now -= 86_400
    assert desk.retry_at() is None
    assert desk.send("x").definite_ok


def test_without_robots_nothing_is_told(clock):
    assert Sender([], clock).send("x") == Sent(definite_ok=False)
    assert Sender([], clock).retry_at() is None


def test_a_redirect_is_not_followed(robot, clock):
    robot.will(status=307, Location=robot.url(WECOM))
    sent = sender(robot, clock, FEISHU).send("x")
    assert sent.refused == ("飞书",)
    assert len(robot.got) == 1


def test_an_endless_answer_is_cut(robot, clock):
    robot.will(b" " * 1_000_000 + b'{"code": 0}')
    assert not sender(robot, clock, FEISHU).send("x").definite_ok


@pytest.mark.parametrize("before", ["trickle", "trickling body"])
def test_an_answer_that_trickles_is_given_up_after_the_limit(robot, clock, before):
    robot.will(before)
    desk = sender(robot, clock, FEISHU)
    desk.limit, began = 0.5, time.monotonic()
    sent = desk.send("x")
    assert time.monotonic() - began < 2
    assert sent.said == ("飞书机器人暂时收不到消息（超时没有答复），会自动再试",)


def test_a_trickling_robot_is_not_asked_again_while_it_trickles(robot, clock):
    robot.will("trickle")
    desk = sender(robot, clock, FEISHU)
    desk.limit = 0.3
    for _ in range(3):
        assert not desk.send("x").definite_ok
        clock.now += 300
    assert len(robot.got) == 1
    robot.release.set()
    desk._lines[0].hung.join(5)
    assert desk.send("x").definite_ok


def test_sentences_come_in_both_languages(robot, clock):
    robot.will({"errcode": 400102, "errmsg": "stopped"})
    with speak("en"):
        (said,) = sender(robot, clock, DINGTALK).send("x").said
    assert said.startswith("The DingTalk robot refuses: 400102 stopped. Enable the robot")


@pytest.mark.parametrize("kind", list(WebhookKind))
def test_secrets_are_nowhere_whatever_happens(robot, clock, caplog, capfd, kind):
    caplog.set_level(logging.DEBUG)
    desk = sender(robot, clock, kind)
    hidden = {TOKEN, SECRET} if kind.has_secret else {TOKEN}
    shown = [repr(desk), str(desk.webhooks)]
    echoed = f"{TOKEN} {SECRET}"
    for said, status in (
        ({"errcode": 93000, "code": 93000, "errmsg": echoed, "msg": echoed}, 200),
        (None, 500),
        ("half", 200),
        ("nothing", 200),
        (None, 404),
        (None, 200),
    ):
        robot.will(said, status)
        sent = desk.send("x")
        hidden |= {body["sign"] for _, body in robot.got if "sign" in body}
        shown += [repr(sent), *sent.said, repr(desk)]
        clock.now += 1800
    port = robot.server.server_port  # which speaks no TLS
    broken = Sender([Webhook(kind, f"https://127.0.0.1:{port}/{TOKEN}", SECRET)], clock)
    (said,) = broken.send("x").said
    assert "安全连接" in said
    shown += [said, repr(broken)]
    shown += [caplog.text, *capfd.readouterr()]
    for secret in hidden:
        assert not any(secret in text for text in shown)
    assert "***" in "".join(shown), "the echo was masked, not dropped"


def one_step(ledger, sender, found, policy, now, last_sent):
    """What the watch loop does with an outlook; returns when something was sent last."""
    lines = alert_lines(found)
    rows = found.alerts
    levels = {k: AlertLevel(v) for k, v in zip(rows["sku"], rows["level"], strict=True)}
    calm = policy.calm_seconds
    states = ledger.alerts.note_levels("s", levels, now, calm_seconds=calm, texts=lines).states
    untold = ledger.alerts.untold("s")
    what = due(untold, states, now, policy, lines=lines, last_sent=last_sent)
    ledger.alerts.settle("s", what.folded, what.woken, now, told=False)
    if what.message is None or not sender.send(what.message.text).definite_ok:
        return last_sent
    ledger.alerts.settle("s", what.message.changes, what.message.woken, now, told=True)
    return now


def test_req_14_from_the_figures_to_the_phone_through_an_hour_without_network(
    robot, clock, tmp_path
):
    policy, last, desk = Policy(), None, sender(robot, clock, FEISHU)
    stock = [{"A": 99, "B": 99}] * 2 + [{"A": 0, "B": 35}] * 7 + [{"A": 0, "B": 35}] * 3
    clock.now = float(NOW)
    with LedgerStore.open(tmp_path / "l.sqlite") as ledger:
        for ten_minutes, units in enumerate(stock):
            if 2 <= ten_minutes < 8:
                robot.answers.clear()
                robot.will(status=500)
            last = one_step(ledger, desk, outlook(units), policy, int(clock.now), last)
            clock.now += 600
        assert ledger.alerts.untold("s") == []
    assert last == NOW + 8 * 600
    texts = [body["content"]["text"] for _, body in robot.got]
    assert len(texts) == 7, "six tries that failed, one that came through"
    assert texts[-1].splitlines() == [
        "2 个商品有变化：断货 1、偏低 1",
        "【断货】A 遮阳伞：可售 0 件，已断货；现在就加急 向 义乌甲 下单 50 件",
        "【偏低】B 遮阳伞：可售 35 件，约 3.5 天后卖完；今天 22:00 前向 义乌甲 下单 50 件",
        "StockBook 库存预警 03-02 11:20",
    ]


@pytest.fixture
def bare(monkeypatch):
    """A machine without robots in its environment or its keyring."""
    kept = {}
    for name in ("FEISHU_URL", "FEISHU_SECRET", "DINGTALK_URL", "DINGTALK_SECRET", "WECOM_URL"):
        monkeypatch.delenv(f"STOCKBOOK_{name}", raising=False)
    monkeypatch.setattr(settings.keyring, "get_password", lambda _, name: kept.get(name))
    return kept


def test_robots_come_from_the_environment_or_the_keyring(bare, monkeypatch):
    assert settings.webhooks() == ()
    bare["wecom_url"] = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={TOKEN}"
    bare["feishu_url"] = "https://old.example/hook"
    monkeypatch.setenv("STOCKBOOK_FEISHU_URL", f" https://open.feishu.cn/hook/{TOKEN} ")
    monkeypatch.setenv("STOCKBOOK_FEISHU_SECRET", SECRET)
    found = settings.webhooks()
    assert found == (
        Webhook(FEISHU, f"https://open.feishu.cn/hook/{TOKEN}", SECRET),
        Webhook(WECOM, bare["wecom_url"]),
    )
    assert TOKEN not in repr(found)
    assert SECRET not in repr(found)


def test_a_bad_address_is_named_without_being_repeated(bare, monkeypatch):
    monkeypatch.setenv("STOCKBOOK_DINGTALK_URL", f"http://oapi.dingtalk.com/?access_token={TOKEN}")
    with pytest.raises(SettingsError, match=r"STOCKBOOK_DINGTALK_URL.*https://") as error:
        settings.webhooks()
    assert TOKEN not in str(error.value)
