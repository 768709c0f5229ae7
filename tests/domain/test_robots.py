"""The robots' protocols against vectors from elsewhere; what every answer means; what fits."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockbook.domain.robots import (
    LONGEST,
    Verdict,
    dingtalk_sign,
    feishu_sign,
    fitted,
    read_answer,
    request_for,
)
from stockbook.domain.webhook import Webhook, WebhookKind, address_fault

FEISHU, DINGTALK, WECOM = WebhookKind
NOW = 1_700_000_000.5
URLS = {
    FEISHU: "https://open.feishu.cn/open-apis/bot/v2/hook/0b5c-token",
    DINGTALK: "https://oapi.dingtalk.com/robot/send?access_token=d1ng-token",
    WECOM: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=w3com-token",
}


@pytest.mark.parametrize(
    ("stamp", "sign"),
    [
        ("100", "jquNHnVOwmDRfw+vqTIrY5dooJAgi5EcRtLsQE4wfXg="),
        ("1599360473", "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="),
    ],
)
def test_feishus_signature_is_that_of_openssl_and_of_other_clients(stamp, sign):
    """`printf '' | openssl dgst -sha256 -mac HMAC -macopt key:$'100\\ndemo' -binary | base64`.

    Secret and times are those of the platform's own examples; clients in Go, Rust, Swift and .NET
    are tested against the same two.
    """
    assert feishu_sign("demo", stamp) == sign


def test_dingtalks_signature_is_that_of_openssl():
    r"""`printf '1700000000000\nthis is secret' | openssl dgst … -macopt key:'this is secret' …`."""
    found = dingtalk_sign("this is secret", "1700000000000")
    assert found == "sSFWELbV2YwjdDQhWZwTcWlX5BWUx5J6TPpsZmuPii0="


def test_feishu_signs_in_the_body_with_seconds():
    request = request_for(Webhook(FEISHU, URLS[FEISHU], "demo"), "缺货", NOW)
    assert request.url == URLS[FEISHU]
    assert json.loads(request.body) == {
        "timestamp": "1700000000",
        "sign": feishu_sign("demo", "1700000000"),
        "msg_type": "text",
        "content": {"text": "缺货"},
    }


def test_dingtalk_signs_in_the_address_with_milliseconds():
    request = request_for(Webhook(DINGTALK, URLS[DINGTALK], "this is secret"), "缺货", 1.7e9)
    assert "sign=sSFWELbV2YwjdDQhWZwTcWlX5BWUx5J6TPpsZmuPii0%3D" in request.url
    assert parse_qs(urlsplit(request.url).query) == {
        "access_token": ["d1ng-token"],
        "timestamp": ["1700000000000"],
        "sign": ["sSFWELbV2YwjdDQhWZwTcWlX5BWUx5J6TPpsZmuPii0="],
    }
    assert json.loads(request.body) == {"msgtype": "text", "text": {"content": "缺货"}}


def test_an_address_that_was_copied_with_its_signature_is_signed_anew():
    old = URLS[DINGTALK] + "&timestamp=1&sign=old"
    request = request_for(Webhook(DINGTALK, old, "s"), "x", NOW)
    assert parse_qs(urlsplit(request.url).query)["timestamp"] == ["1700000000500"]


@pytest.mark.parametrize("kind", list(WebhookKind))
def test_without_a_secret_nothing_is_signed(kind):
    request = request_for(Webhook(kind, URLS[kind]), "x", NOW)
    assert request.url == URLS[kind]
    assert b"sign" not in request.body


def test_nobody_is_called_by_a_name():
    request = request_for(Webhook(FEISHU, URLS[FEISHU]), '<at user_id="all">伞</at>', NOW)
    assert "<at" not in request.body.decode()


@settings(deadline=None)
@given(st.lists(st.text(max_size=25), min_size=1, max_size=25), st.sampled_from([60, 200, 900]))
def test_a_text_is_never_longer_than_the_robot_takes(lines, longest):
    text = "\n".join(lines)
    cut = fitted(text, longest)
    assert len(cut.encode()) <= longest
    assert (cut == text) == (len(text.encode()) <= longest)


def test_a_long_digest_is_cut_between_lines_and_says_how_many_are_left_out():
    lines = ["40 个商品有变化", *(f"【断货】SKU-{i:02} 遮阳伞：可售 0 件" for i in range(80)), "尾"]
    request = request_for(Webhook(WECOM, URLS[WECOM]), "\n".join(lines), NOW)
    content = json.loads(request.body)["text"]["content"]
    head, *kept, note, last = content.split("\n")
    assert len(content.encode()) <= LONGEST[WECOM]
    assert (head, last) == (lines[0], "尾")
    assert kept == lines[1 : len(kept) + 1]
    assert note == f"（省略 {80 - len(kept)} 行，见工作簿）"
    assert len(content.encode()) + len(lines[1].encode()) + 1 > LONGEST[WECOM], "no line too few"


def test_one_line_that_is_too_long_is_cut_between_characters():
    assert fitted("缺" * 1000, 2048) == "缺" * 681 + "…"


SAID = [
    (FEISHU, 200, {"code": 0, "msg": "success", "data": {}}, Verdict.TAKEN, ""),
    (FEISHU, 200, {"StatusCode": 0, "StatusMessage": "success"}, Verdict.TAKEN, ""),
    (FEISHU, 200, {"code": 19021, "msg": "sign match fail"}, Verdict.REFUSED, "签名"),
    (FEISHU, 200, {"code": 19022, "msg": "Ip Not Allowed"}, Verdict.REFUSED, "白名单"),
    (FEISHU, 200, {"code": 19024, "msg": "Key Words Not Found"}, Verdict.REFUSED, "关键词"),
    (FEISHU, 400, {"code": 19001, "msg": "token invalid"}, Verdict.REFUSED, "重新复制"),
    (FEISHU, 200, {"code": 11232, "msg": "frequency limited"}, Verdict.BUSY, ""),
    (FEISHU, 200, {"code": 9499, "msg": "Bad Request"}, Verdict.LATER, ""),
    (FEISHU, 200, {"code": 77777, "msg": "?"}, Verdict.LATER, ""),
    (DINGTALK, 200, {"errcode": 0, "errmsg": "ok"}, Verdict.TAKEN, ""),
    (DINGTALK, 200, {"errcode": "0", "errmsg": "ok"}, Verdict.TAKEN, ""),
    (DINGTALK, 200, {"errcode": 310000, "errmsg": "sign not match"}, Verdict.REFUSED, "签名"),
    (DINGTALK, 200, {"errcode": 310000, "errmsg": "invalid timestamp"}, Verdict.REFUSED, "时间"),
    (
        DINGTALK,
        200,
        {"errcode": 310000, "errmsg": "keywords not in content"},
        Verdict.REFUSED,
        "关键词",
    ),
    (
        DINGTALK,
        200,
        {"errcode": 310000, "errmsg": "ip 1.2.3.4 not in whitelist"},
        Verdict.REFUSED,
        "白名单",
    ),
    (DINGTALK, 200, {"errcode": 400102, "errmsg": "机器人已停用"}, Verdict.REFUSED, "启用"),
    (DINGTALK, 200, {"errcode": 300001, "errmsg": "token is not exist"}, Verdict.REFUSED, "复制"),
    (DINGTALK, 200, {"errcode": 130101, "errmsg": "send too fast"}, Verdict.BUSY, ""),
    (DINGTALK, 200, {"errcode": -1, "errmsg": "系统繁忙"}, Verdict.LATER, ""),
    (WECOM, 200, {"errcode": 0, "errmsg": "ok"}, Verdict.TAKEN, ""),
    (WECOM, 200, {"errcode": 93000, "errmsg": "invalid webhook url"}, Verdict.REFUSED, "复制"),
    (WECOM, 200, {"errcode": 45009, "errmsg": "api freq out of limit"}, Verdict.BUSY, ""),
    (WECOM, 429, {}, Verdict.BUSY, ""),
    (WECOM, 429, {"errcode": 0}, Verdict.BUSY, ""),
    (WECOM, 500, {"errcode": 0}, Verdict.LATER, ""),
    (WECOM, 502, {}, Verdict.LATER, ""),
    (WECOM, 408, {}, Verdict.LATER, ""),
    (WECOM, 404, {}, Verdict.REFUSED, "复制"),
    (WECOM, 302, {}, Verdict.REFUSED, "复制"),
    (WECOM, 307, {"errcode": 0}, Verdict.REFUSED, "复制"),
    (FEISHU, 404, {"code": 0}, Verdict.REFUSED, "复制"),
    (WECOM, 200, {}, Verdict.LATER, ""),
    (WECOM, 200, {"errcode": True}, Verdict.LATER, ""),
]


@pytest.mark.parametrize(("kind", "status", "body", "verdict", "cure"), SAID)
def test_what_an_answer_means_and_what_to_do(kind, status, body, verdict, cure):
    answer = read_answer(kind, status, json.dumps(body, ensure_ascii=False).encode())
    assert answer.verdict == verdict
    assert cure in answer.cure
    assert bool(answer.cure) == (verdict == Verdict.REFUSED)


@settings(deadline=None)
@given(st.integers(100, 599), st.binary(max_size=80) | st.sampled_from([b"[]", b"0", b'{"code":']))
def test_only_a_robots_own_yes_is_a_yes(status, body):
    for kind in WebhookKind:
        assert read_answer(kind, status, body).verdict != Verdict.TAKEN


def test_a_robot_that_repeats_a_secret_is_masked_even_where_its_words_are_cut():
    token = "0123456789abcdef"
    body = json.dumps({"errcode": 93000, "errmsg": "x" * 150 + token}).encode()
    answer = read_answer(WECOM, 200, body, secrets=[token])
    assert "0123" not in answer.reason
    assert "***" in answer.reason


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        (URLS[FEISHU], True),
        ("http://127.0.0.1:8080/hook", True),
        ("http://localhost/hook", True),
        ("http://127.0.0.1.evil.cn/hook", False),
        ("http://open.feishu.cn/hook", False),
        ("ftp://open.feishu.cn/hook", False),
        ("https://", False),
        ("https://me:pw@open.feishu.cn/x", False),
        ("https://open.feishu.cn:port/x", False),
        ("https://open.feishu.cn/a b", False),
        ("open.feishu.cn/hook", False),
        ("https://[bad/x", False),
    ],
)
def test_an_address_is_https_or_this_machine(url, fine):
    fault = address_fault(url)
    assert (fault == "") is fine
    assert "feishu" not in fault


def test_addresses_and_secrets_are_in_no_repr():
    webhook = Webhook(DINGTALK, URLS[DINGTALK], "SEC-geheim")
    request = request_for(webhook, "x", NOW)
    for shown in (repr(webhook), str(webhook), repr(request)):
        assert "d1ng-token" not in shown
        assert "geheim" not in shown
        assert "sign" not in shown
