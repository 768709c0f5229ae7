"""event-sign against vectors: C from a published client's own test, D computed by hand."""

import pytest

from stockbook.shops.doudian.push import event_sign

TEST_BODY = b'[{"tag":"0","msg_id":"0","data":"2020-09-10T16:27:56.52842897+08:00"}]'


@pytest.mark.parametrize(
    ("app_id", "body", "secret", "algorithm", "expected"),
    [
        ("fixed-app", b"body", "fixed-secret", "hmac-sha256",
         "382c11208cd1f85f08f12c576fa0f80fd8482203d56894a3aab0b188cf2049da"),
        ("fixed-app", b"body", "fixed-secret", "md5", "52ffa83d0da319aa6394a013350c7556"),
        ("7000000000000000001", TEST_BODY, "test-secret-0001", "md5",
         "19cf327ed4a9166dff9e7176ebd85803"),
        ("7000000000000000001", TEST_BODY, "test-secret-0001", "hmac-sha256",
         "b43438754f534e7cbe489c15943b97eff7dbfff30a95680e609642c78816110f"),
    ],
)  # fmt: skip
def test_a_push_is_signed_over_its_raw_bytes(app_id, body, secret, algorithm, expected):
    assert event_sign(app_id, body, secret, algorithm) == expected


def test_an_unknown_algorithm_is_refused():
    with pytest.raises(ValueError, match="sha1"):
        event_sign("a", b"", "s", "sha1")
