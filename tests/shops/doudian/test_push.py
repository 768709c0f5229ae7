"""Signatures and contents of pushed messages."""

import json

import pytest

from stockbook.shops.doudian.messages import Message, NoMessagesError, read_messages
from stockbook.shops.doudian.push import HMAC, MD5, event_sign, genuine

KEY, SECRET = "7000000000000000001", "test-secret-0001"
D = b'[{"tag":"0","msg_id":"0","data":"2020-09-10T16:27:56.52842897+08:00"}]'


@pytest.mark.parametrize(
    ("app", "secret", "body", "algorithm", "expected"),
    [
        ("fixed-app", "fixed-secret", b"body", HMAC,
         "382c11208cd1f85f08f12c576fa0f80fd8482203d56894a3aab0b188cf2049da"),
        ("fixed-app", "fixed-secret", b"body", MD5, "52ffa83d0da319aa6394a013350c7556"),
        (KEY, SECRET, D, MD5, "19cf327ed4a9166dff9e7176ebd85803"),
        (KEY, SECRET, D, HMAC, "b43438754f534e7cbe489c15943b97eff7dbfff30a95680e609642c78816110f"),
    ],
)  # fmt: skip
def test_vectors_c_and_d(app, secret, body, algorithm, expected):
    found = event_sign(app, body, secret, algorithm)
    assert found.startswith(expected)
    assert genuine(app, body, secret, found)
    assert genuine(app, body, secret, found.upper())
    assert not genuine(app, body + b" ", secret, found)
    assert not genuine(app, body, secret + "x", found)


def test_a_message_tells_ids_and_a_time_and_nothing_else():
    data = {"p_id": 6917000000000000001, "s_ids": [1], "create_time": 1700000000,
            "pay_time": 1700000100, "post_receiver": "张三", "post_tel": "13800000000"}  # fmt: skip
    body = json.dumps([
        {"tag": "101", "msg_id": "a:1", "data": json.dumps(data)},
        {"tag": 206, "msg_id": 7, "data": {"aftersale_id": "70001", "p_id": "69"}},
        {"tag": "0", "msg_id": "0", "data": "2020-09-10T16:27:56+08:00"},
        {"tag": "100"}, "no message", {"tag": "100", "msg_id": "x" * 100},
    ]).encode()  # fmt: skip
    messages, malformed = read_messages(body)
    assert messages == [
        Message("a:1", "101", "6917000000000000001", "", 1700000100),
        Message("7", "206", "69", "70001", None),
        Message("0", "0"),
    ]
    assert malformed == 3
    assert "张三" not in repr(messages)


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_list_is_refused(body):
    with pytest.raises(NoMessagesError):
        read_messages(body)
