"""The door for pushed messages: what it takes, what it refuses, and how it counts."""

import json
import socket
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
import requests

from stockbook.receiver import MOST_BYTES, Receiver, receive
from stockbook.shops.doudian.push import HMAC, MD5, event_sign
from stockbook.store.inbox import Inbox

APP, SECRET, NOW = "7300000000000000001", "sandbox-secret-0001", 1796868600


@contextmanager
def door(folder):
    inbox, woken = Inbox(folder / "inbox.sqlite"), threading.Event()
    receiver = Receiver(APP, SECRET, inbox, lambda: NOW, woken.set)
    with receive(receiver, "127.0.0.1", 0) as port:
        receiver.url, receiver.event = f"http://127.0.0.1:{port}/push", woken
        yield receiver
    inbox.close()


def message(number, tag="101", **data):
    known = {"p_id": 6917 * 10**15 + number, "create_time": NOW - 5}
    return {"tag": tag, "msg_id": f"m{number}", "data": json.dumps(known | data)}


def post(receiver, body, *, sign=None, app=APP, algorithm=HMAC, session=requests):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"app-id": app, "event-sign": sign or event_sign(app, raw, SECRET, algorithm)}
    return session.post(receiver.url, raw, headers={k: v for k, v in headers.items() if v != "-"},
                        timeout=10)  # fmt: skip


@pytest.mark.parametrize("algorithm", [MD5, HMAC])
def test_what_is_genuine_is_stored_and_wakes_the_watcher(tmp_path, algorithm):
    with door(tmp_path) as receiver:
        answer = post(
            receiver, [message(1), message(2, "206", aftersale_id=9)], algorithm=algorithm
        )
        assert answer.json() == {"code": 0, "msg": "success"}
        assert receiver.event.is_set()
        assert [(w.msg_id, w.order_id) for w in receiver.inbox.waiting()] == [
            ("m1", "6917000000000000001"), ("m2", "6917000000000000002")]  # fmt: skip
        receiver.inbox.done(["m1"], NOW)
        assert [w.msg_id for w in receiver.inbox.waiting()] == ["m2"]
        post(receiver, [message(1)])  # sent again: known, so not asked about again
        assert [w.msg_id for w in receiver.inbox.waiting()] == ["m2"]
        assert receiver.counts["doubled"] == 1


def test_the_test_message_is_answered_and_not_kept(tmp_path):
    with door(tmp_path) as receiver:
        assert post(receiver, [{"tag": "0", "msg_id": "0", "data": "x"}]).json()["code"] == 0
        assert not receiver.inbox.waiting()
        assert requests.head(receiver.url, timeout=5).status_code == 200


def too_slow(receiver):
    port = int(receiver.url.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"POST /push HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n[")
        line.settimeout(10)
        return b"408" in line.recv(200)


REFUSED = {
    "unsigned": lambda r: post(r, [message(1)], sign="-"),
    "forged": lambda r: post(r, [message(1)], sign="0" * 64),
    "other_app": lambda r: post(r, [message(1)], app="1234567890"),
    "no_messages": lambda r: post(r, b'{"tag": "101"}'),
    "too_large": lambda r: post(r, b"[" + b" " * MOST_BYTES + b"]"),
    "too_slow": too_slow,
}


HEAD = b"POST /push HTTP/1.1\r\nHost: x\r\n"
SLOW = {
    "silent": b"",
    "a head that does not end": HEAD + b"X-a: ",
    "a body that does not end": HEAD + b"Content-Length: 9999\r\n\r\n",
}


@pytest.mark.parametrize("begins", SLOW.values(), ids=SLOW)
def test_connections_that_trickle_are_closed(tmp_path, begins, monkeypatch):
    monkeypatch.setattr("stockbook.receiver.READING", 0.3)
    monkeypatch.setattr("stockbook.shops.web.PATIENCE", 0.5)
    monkeypatch.setattr("stockbook.shops.web.LOOK_EVERY", 0.1)
    with door(tmp_path) as receiver, socket.socket() as line:
        line.connect(("127.0.0.1", int(receiver.url.split(":")[2].split("/")[0])))
        line.sendall(begins)
        line.settimeout(0.2)
        assert until_closed(line, trickle=bool(begins)) < 5
        assert post(receiver, [message(1)]).json()["code"] == 0


def until_closed(line, *, trickle):
    began = time.monotonic()
    while time.monotonic() - began < 5:
        try:
            if trickle:
                line.sendall(b"b")
            if line.recv(1000) == b"":
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - began


def test_very_many_connections_leave_room_for_files(tmp_path, monkeypatch):
    monkeypatch.setattr("stockbook.shops.web.MOST_CONNECTIONS", 5)
    monkeypatch.setattr("stockbook.shops.web.PATIENCE", 0.5)
    monkeypatch.setattr("stockbook.shops.web.LOOK_EVERY", 0.1)
    with door(tmp_path) as receiver, ExitStack() as stack:
        port = int(receiver.url.split(":")[2].split("/")[0])
        lines = [stack.enter_context(socket.socket()) for _ in range(12)]
        for line in lines:
            line.connect(("127.0.0.1", port))
        assert until_closed(lines[-1], trickle=False) < 0.5
        for line in lines:
            until_closed(line, trickle=False)
        assert post(receiver, [message(1)]).json()["code"] == 0


def test_one_connection_may_ask_for_long(tmp_path, monkeypatch):
    monkeypatch.setattr("stockbook.shops.web.PATIENCE", 0.5)
    monkeypatch.setattr("stockbook.shops.web.LOOK_EVERY", 0.1)
    with door(tmp_path) as receiver, requests.Session() as session:
        for number in range(6):
            assert post(receiver, [message(number)], session=session).json()["code"] == 0
            time.sleep(0.25)


def test_a_signature_that_is_no_ascii_is_refused_and_counted(tmp_path):
    with door(tmp_path) as receiver:
        assert post(receiver, [message(1)], sign="é".encode("latin-1") * 32).json()["code"] == 40041
        assert receiver.counts["forged"] == 1


def test_half_a_character_does_not_stop_the_messages_that_come_with_it(tmp_path):
    with door(tmp_path) as receiver:
        odd = {"tag": "101", "msg_id": "m\ud800", "data": json.dumps({"p_id": "\ud800"})}
        assert post(receiver, [odd, message(2)]).json()["code"] == 0
        assert receiver.counts["taken"] == 2
        assert [w.msg_id for w in receiver.inbox.waiting()] == ["m2"], "the other names no order"


@pytest.mark.parametrize("cause", REFUSED)
def test_each_kind_of_forged_message_is_refused_and_counted(tmp_path, cause, monkeypatch):
    monkeypatch.setattr("stockbook.receiver.READING", 0.3)
    with door(tmp_path) as receiver:
        answer = REFUSED[cause](receiver)
        assert answer is True or answer.json()["code"] == 40041
        assert receiver.counts[cause] == 1
        assert not receiver.inbox.waiting()
        assert not receiver.event.is_set()
        assert "（" in receiver.told()
        assert post(receiver, [message(2)]).json()["code"] == 0  # and the rest goes on


def test_a_changed_byte_breaks_the_signature(tmp_path):
    raw = json.dumps([message(1)]).encode()
    sign = event_sign(APP, raw, SECRET, HMAC)
    with door(tmp_path) as receiver:
        assert post(receiver, raw.replace(b"m1", b"m2"), sign=sign).json()["code"] == 40041
        assert post(receiver, raw, sign=sign).json()["code"] == 0


def test_odd_messages_are_taken_and_counted(tmp_path):
    odd = [message(1, "999"), message(2, create_time=NOW + 9000), {"tag": "101"}, message(3)]
    with door(tmp_path) as receiver:
        assert post(receiver, odd).json()["code"] == 0
        assert receiver.counts == {
            "taken": 3, "unknown_tag": 1, "future": 1, "malformed": 1, "doubled": 0}  # fmt: skip
        assert [w.msg_id for w in receiver.inbox.waiting()] == ["m2", "m3"]
        words = receiver.told()
        assert "不认识的类型 1" in words
        assert "时间在未来 1" in words


def test_a_busy_ledger_does_not_delay_answers(tmp_path):
    """Five hundred messages from ten senders while another file is locked for writing."""
    busy = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    busy.execute("CREATE TABLE t (x)")
    busy.execute("BEGIN IMMEDIATE")
    with door(tmp_path) as receiver:
        sessions = [requests.Session() for _ in range(10)]

        def send(n):
            began = time.monotonic()
            post(receiver, [message(n)], session=sessions[n % 10])
            return time.monotonic() - began

        with ThreadPoolExecutor(10) as pool:
            took = sorted(pool.map(send, range(500)))
        assert len(receiver.inbox.waiting()) == 500
        assert took[-1] < 10, "an answer waited for something"


def test_nothing_of_a_buyer_is_kept(tmp_path):
    with door(tmp_path) as receiver:
        post(receiver, [message(1, "105", post_receiver="张小凡", post_tel="13812345678")])
        receiver.inbox.close()
        for file in tmp_path.iterdir():
            raw = file.read_bytes()
            assert "张小凡".encode() not in raw
            assert b"13812345678" not in raw


def test_what_is_done_is_forgotten_after_days(tmp_path):
    inbox = Inbox(tmp_path / "inbox.sqlite")
    rows = [{"msg_id": f"m{i}", "tag": "101", "order_id": "1", "after_sale_id": "",
             "received_at": i, "done_at": None} for i in range(4)]  # fmt: skip
    assert inbox.put([rows[:3], rows[2:]]) == [3, 1]
    inbox.done(["m0"], 100)
    inbox.done(["m1"], 200)
    assert inbox.prune(150) == 1
    assert inbox.put([rows[:2]]) == [1]
