"""What one line says: code, name, free units, time to zero, what to do and by when."""

import math

import pytest

from stockbook.domain.alert_text import LONGEST_NAME, alert_line, alert_lines, by_words
from stockbook.domain.language import speak
from stockbook.domain.records import Inbound
from tests.small_shop import NOW, outlook

HOUR = 3600


@pytest.mark.parametrize(
    ("free", "line"),
    [
        (-2, "YJ-1 遮阳伞：超卖 2 件，已断货；现在就加急 向 义乌甲 下单 100 件"),
        (0, "YJ-1 遮阳伞：可售 0 件，已断货；现在就加急 向 义乌甲 下单 50 件"),
        (5, "YJ-1 遮阳伞：可售 5 件，约 12 小时后卖完；现在就加急 向 义乌甲 下单 50 件"),
        (35, "YJ-1 遮阳伞：可售 35 件，约 3.5 天后卖完；今天 22:00 前向 义乌甲 下单 50 件"),
        (45, "YJ-1 遮阳伞：可售 45 件，约 4.5 天后卖完；留意销量，暂不下单"),
        (99, "YJ-1 遮阳伞：可售 99 件，够卖 9.9 天"),
    ],
)
def test_a_line_says_what_there_is_how_long_and_what_to_do_by_when(free, line):
    assert alert_lines(outlook({"YJ-1": free})) == {"YJ-1": line}


def test_english_says_the_same():
    with speak("en"):
        found = alert_lines(outlook({"YJ-1": 35}))
    assert found["YJ-1"] == (
        "YJ-1 遮阳伞: 35 free, gone in about 3.5 days; order 50 from 义乌甲 by today 22:00"
    )


def test_what_comes_is_said_with_its_time():
    coming = (Inbound("YJ-1", 200, NOW + 30 * HOUR),)
    assert alert_lines(outlook({"YJ-1": 0}, coming))["YJ-1"].endswith("；03-03 16:00 到货 200 件")


def test_the_most_urgent_comes_first():
    assert list(alert_lines(outlook({"a": 99, "b": 5, "c": -1, "d": 2}))) == ["c", "d", "b", "a"]


def test_long_names_are_cut_and_stay_on_one_line():
    line = alert_lines(outlook({"YJ-1": 0}, name="超大号\n防晒" + "伞" * 40))["YJ-1"]
    assert "\n" not in line
    assert line.startswith("YJ-1 超大号 防晒伞")
    assert len(line.split("：")[0]) <= len("YJ-1 ") + LONGEST_NAME


def test_a_sku_that_nobody_buys_says_so_and_one_that_lost_its_name_still_speaks():
    row = {"sku": "A", "name": math.nan, "level": "ok", "free": 3, "quantity": 0, "action": "",
           "time_to_zero_days": math.inf, "order_by_at": math.nan,
           "next_inbound_at": math.nan}  # fmt: skip
    assert alert_line(row, NOW) == "A：可售 3 件，近期没有销量"


@pytest.mark.parametrize(
    ("hours", "words"),
    [(-5, "现在就"), (0, "现在就"), (5, "今天 15:00 前"), (13.99, "今天 23:59 前"),
     (14, "明天 00:00 前"), (37, "明天 23:00 前"), (38, "03-04 00:00 前")],
)  # fmt: skip
def test_by_when_is_said_as_people_say_it(hours, words):
    assert by_words(int(NOW + hours * HOUR), NOW) == words
