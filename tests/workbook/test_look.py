from itertools import combinations

import numpy as np
import pytest

from stockbook.workbook import look
from stockbook.workbook.look import LEVELS

# Machado, Oliveira & Fernandes (2009), severity 1.0, linear RGB.
SEEN_BY = {
    "normal": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
PAIRS = {
    "ink on white": (look.INK, look.WHITE),
    "ink on input": (look.INK, look.INPUT_FILL),
    "muted on white": (look.MUTED, look.WHITE),
    "muted on panel": (look.MUTED, look.PANEL),
    "blue on input": (look.BLUE, look.INPUT_FILL),
    "red figure on card": (look.RED, look.PANEL),
    "header": (look.WHITE, look.SLATE),
    "input header": (look.WHITE, look.BLUE),
    "shop name": (look.SHOP_NAME, look.SLATE),
    "stale band": (look.WHITE, look.STALE_BAND),
    "stale note": (look.STALE_BAND, look.WHITE),
    "stale text": (look.GREY, look.WHITE),
    "ink on bar": (look.INK, look.BAR),
    **{code: (level.text, level.fill) for code, level in LEVELS.items()},
}


def linear(colour):
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    low, high = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(rgb):
    f = np.cbrt(np.maximum(TO_XYZ @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089], 1e-6))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_black_on_white_has_the_contrast_the_standard_says():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21, abs=0.01)


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_every_text_can_be_read_on_its_fill(pair):
    assert contrast(*pair) >= 4.5


@pytest.mark.parametrize("matrix", SEEN_BY.values(), ids=SEEN_BY)
def test_levels_stay_apart_for_colour_blind_eyes(matrix):
    seen = [lab(np.array(matrix) @ linear(level.fill)) for level in LEVELS.values()]
    assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) >= 12


def test_a_worse_level_is_darker():
    lightness = [lab(linear(level.fill))[0] for level in LEVELS.values()]
    assert lightness == sorted(lightness, reverse=True)


def test_each_level_has_its_own_glyph_and_words():
    for attribute in ("glyph", "label", "meaning"):
        assert len({getattr(level, attribute) for level in LEVELS.values()}) == len(LEVELS)


def test_all_glyphs_are_in_gb2312():
    assert "".join(level.glyph for level in LEVELS.values()).encode("gb2312")


def test_number_formats_hold_no_more_than_two_conditions():
    for kind in look.KINDS.values():
        assert max(kind.zh.count("[<") + kind.zh.count("[>"), kind.en.count("[<")) <= 2
        assert kind.align in {"left", "center", "right"}


def test_english_headers_break_between_words_and_chinese_ones_do_not():
    assert look.header_width("断货倒计时") == 14
    assert look.header_width("Lead time (days)") < len("Lead time (days)") + 4
