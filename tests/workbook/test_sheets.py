from itertools import chain

import pytest

from stockbook.workbook import sheets
from stockbook.workbook.look import KINDS
from stockbook.workbook.sheets import BLOCKS, SHEETS

LANGUAGES = ("zh", "en")
EACH = pytest.mark.parametrize("spec", SHEETS, ids=lambda spec: spec.key)


def unique(values):
    values = list(values)
    return len(values) == len(set(values))


def test_sheets_tables_and_names_are_told_apart():
    assert unique(spec.key for spec in SHEETS)
    assert unique(spec.table for spec in SHEETS)
    for language in LANGUAGES:
        named = chain((spec.label for spec in SHEETS), sheets.FIXED_SHEETS.values())
        names = [sheets.pick(label, language) for label in named]
        assert unique(names)
        assert all(0 < len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in names)


@EACH
def test_columns_of_a_table_are_told_apart_by_key_and_by_header(spec):
    assert unique(column.key for column in spec.columns)
    for language in LANGUAGES:
        headers = [sheets.pick(column.label, language) for column in spec.columns]
        assert unique(header.casefold() for header in headers)
        assert all(header == header.strip() != "" for header in headers)


@EACH
def test_a_table_has_one_key_column_of_text_unless_rows_go_by_position(spec):
    keys = [column for column in spec.columns if column.role == "key"]
    assert len(keys) == (0 if spec.by_position else 1)
    assert all(column.kind == "id" for column in keys)


@EACH
def test_every_kind_has_a_number_format_and_every_bar_a_column(spec):
    assert {column.kind for column in spec.columns} <= set(KINDS)
    assert {key for key, _ in spec.bars} <= {column.key for column in spec.columns}


@EACH
def test_only_inputs_are_bounded_and_hints_hold_no_quotes(spec):
    for column in spec.columns:
        bounded = column.choices or column.low is not None or column.high is not None
        assert spec.is_theirs(column) or not bounded
        if column.low is not None and column.high is not None:
            assert column.low < column.high
    assert '"' not in spec.hint.zh + spec.hint.en  # the hint stands inside a formula


def test_labels_are_the_same_in_both_doors():
    for language in LANGUAGES:
        for key, headers in sheets.labels(language).items():
            assert list(headers) == [column.key for column in sheets.sheet(key).columns]


def test_only_the_merchant_code_of_the_sku_sheet_is_typed_by_people():
    assert [spec.key for spec in SHEETS if spec.typed_key] == ["sku"]
    assert sheets.key_column("sku") == sheets.column("sku", "sku")
    assert sheets.key_column("problem") is None


def cells(block):
    return {
        (block.sheet, block.row + down, block.column + right)
        for down in range(block.rows)
        for right in range(len(block.columns))
    }


def test_fixed_blocks_do_not_overlap():
    assert unique(chain.from_iterable(map(cells, BLOCKS.values())))


def test_the_chart_has_four_weeks_behind_and_two_ahead():
    assert BLOCKS["sb_chart_shop"].rows == sheets.PAST_DAYS + sheets.AHEAD_DAYS == 42
