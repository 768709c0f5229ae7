"""Vectors: A from the platform's SDK tests (order 67283525977), B computed from the same rule."""

import pytest

from stockbook.shops.doudian.signing import canonical_json, sign

A = ("1234567890123456789", "contract-app-secret", 1667899926)
A_PARAMS = {"z": 1, "nested": {"汉": "<&", "a": True}, "a": [3, {"b": 2, "a": 1}]}
B = ("7000000000000000001", "test-secret-0001", 1700000100)
B_PARAMS = {
    "product": "茶&<>='/",
    "size": 100,
    "page": 0,
    "order_by": "create_time",
    "order_asc": True,
    "create_time_start": 1700000000,
}


@pytest.mark.parametrize(
    ("vector", "params", "algorithm", "expected"),
    [
        (A, A_PARAMS, "hmac-sha256",
         "cfb0c61c20926f758e13f4bd3d59a0de0e22f3c6059f1045cae36e6cea2bd417"),
        (A, A_PARAMS, "md5", "6a50fd3554490c8651eb774e4b12ff6d"),
        (B, B_PARAMS, "hmac-sha256",
         "1c3751b04360d99de4e528544769b2242405093c0d2a08ed2888f5a307e29f84"),
        (B, B_PARAMS, "md5", "4a9143496bbac7f584458d4efe9c5d99"),
    ],
)  # fmt: skip
def test_signs_as_the_platforms_own_sdk_does(vector, params, algorithm, expected):
    key, secret, timestamp = vector
    body = canonical_json(params)
    found = sign(key, secret, "order.searchList", body, str(timestamp), algorithm=algorithm)
    assert found == expected


def test_signs_the_legacy_local_time_too():
    key, secret, _ = B
    body = canonical_json(B_PARAMS)
    found = sign(key, secret, "order.searchList", body, "2023-11-15 06:15:00")
    assert found == "6041862fa7690d9b8a29ad42c6050390a1d7e826562d8f049e3c2dac5faaca8f"


def test_refuses_an_unknown_algorithm():
    with pytest.raises(ValueError, match="hmac-sha256 or md5"):
        sign("k", "s", "m", "{}", "1", algorithm="sha1")
