"""An xlwings engine for tests, as harsh as Excel: it coerces, it is busy, it counts calls.

A workbook is loaded from its file with openpyxl and lives in memory; nothing is calculated. Each
access that would cross into Excel's process counts once in `CALLS`, by sheet, and fails while
`excel.busy` is above 0.
"""

import datetime as dt
import itertools
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import xlwings as xw
from openpyxl.utils import get_column_letter, range_boundaries
from xlwings import base_classes as base

from tests.excel.coercion import ComError, stored

REJECTED = -2147418111  # RPC_E_CALL_REJECTED: a person is editing a cell
_PIDS = itertools.count(1)


class Excel:
    """The state of the pretended program."""

    name, type = "pretended", "desktop"

    def __init__(self):
        self.apps = Apps()
        self.calls = Counter()
        self.writes = Counter()  # those of the calls that change cells or tables
        self.busy = 0  # this many calls are rejected
        self.busy_after = None  # the number of calls after which it becomes busy

    def cross(self, what, *, write=False):
        """One call into Excel's process."""
        self.calls[what] += 1
        self.writes[what] += write
        if self.busy_after is not None and self.calls.total() > self.busy_after:
            self.busy, self.busy_after = self.busy or 10**9, None
        if self.busy:
            self.busy -= 1
            raise ComError(REJECTED, "Call was rejected by callee.")

    @staticmethod
    def prepare_xl_data_element(value, options):
        if hasattr(value, "to_pydatetime"):
            return value.to_pydatetime()
        return value.item() if hasattr(value, "item") else value

    @staticmethod
    def clean_value_data(data, datetime_builder, empty_as, number_builder, err_to_str):
        def clean(value):
            if value is None or value == "":
                return empty_as
            if isinstance(value, str) and value.startswith("#"):
                return value if err_to_str else None
            if isinstance(value, dt.datetime) and datetime_builder is not dt.datetime:
                return datetime_builder(value.year, value.month, value.day)
            return number_builder(value) if number_builder and isinstance(value, float) else value

        return [[clean(value) for value in row] for row in data]


class Apps(base.Apps):
    def __init__(self):
        self._apps = []

    def add(self, spec=None, add_book=None, visible=None, **kwargs):
        self._apps.insert(0, App(self))
        return self._apps[0]

    def keys(self):
        return [app.pid for app in self._apps]

    def __iter__(self):
        return iter(list(self._apps))

    def __len__(self):
        return len(self._apps)

    def __getitem__(self, pid):
        return next(app for app in self._apps if app.pid == pid)

    def cleanup(self):
        pass


def state(name):
    """A property of the application; reading and writing it is a call."""

    def read(app):
        excel.cross("app")
        return app.states[name]

    def write(app, value):
        excel.cross("app")
        app.states[name] = value
        app.history.append((name, value))

    return property(read, write)


class App(base.App):
    engine = property(lambda self: excel)
    api = xl = pid = apps = None
    hwnd, version, visible = 1, "16.0", True
    screen_updating, enable_events = state("screen_updating"), state("enable_events")
    calculation, status_bar = state("calculation"), state("status_bar")

    def __init__(self, apps):
        self.apps, self.pid, self.history = apps, next(_PIDS), []
        self.states = {"screen_updating": True, "enable_events": True,
                       "calculation": "automatic", "status_bar": False}  # fmt: skip
        self._books = Books(self)

    books = property(lambda self: self._books)
    selection = property(lambda self: None)

    def activate(self, steal_focus=False):
        self.apps._apps.remove(self)
        self.apps._apps.insert(0, self)

    def quit(self):
        self.apps._apps.remove(self)

    kill = quit


class Books(base.Books):
    api = app = None

    def __init__(self, app):
        self.app, self._books = app, []

    def __iter__(self):
        return iter(list(self._books))

    def __len__(self):
        return len(self._books)

    def __call__(self, which):
        if isinstance(which, int):
            return self._books[which - 1]
        return next(b for b in self._books if b.name.lower() == str(which).lower())

    active = property(lambda self: self._books[0])

    def open(self, fullname, *args, **kwargs):
        self._books.insert(0, Book(self.app, fullname))
        return self._books[0]


class Book(base.Book):
    read_only = False
    api = property(lambda self: SimpleNamespace(ReadOnly=self.read_only))

    def __init__(self, app, fullname):
        self._app, self._fullname = app, str(fullname)
        source = openpyxl.load_workbook(fullname)
        shown = openpyxl.load_workbook(fullname, data_only=True)
        self._sheets = [Sheet(self, ws, shown[ws.title]) for ws in source.worksheets]
        self._names = {n: d.attr_text for n, d in source.defined_names.items()}

    app = property(lambda self: self._app)

    @property
    def fullname(self):
        excel.cross("book")
        return self._fullname

    name = property(lambda self: Path(self._fullname).name)
    sheets = property(lambda self: Sheets(self))
    names = property(lambda self: Names(self))


class Sheets(base.Sheets):
    api = book = None

    def __init__(self, book):
        self.book = book

    def __len__(self):
        return len(self.book._sheets)

    def __iter__(self):
        return iter(self.book._sheets)

    def __call__(self, which):
        if isinstance(which, int):
            return self.book._sheets[which - 1]
        return next(s for s in self.book._sheets if s.name == which)


class Names(base.Names):
    api = book = None

    def __init__(self, book):
        self.book = book

    def contains(self, name):
        return name in self.book._names

    def __call__(self, name):
        excel.cross("names")
        if name not in self.book._names:
            raise KeyError(name)
        return Name(self.book, name)


class Name(base.Name):
    book = None

    def __init__(self, book, name):
        self.book, self._name = book, name

    name = property(lambda self: self._name)

    @property
    def refers_to_range(self):
        sheet, ref = self.book._names[self._name].rsplit("!", 1)
        place = self.book.sheets(sheet.strip("'").replace("''", "'"))
        return place.range(ref.replace("$", ""))


class Sheet(base.Sheet):
    api = property(lambda self: SimpleNamespace(ProtectContents=self.protected is True))

    def __init__(self, book, ws, shown):
        self._book, self._name, self.protected = book, ws.title, False
        self.merged = [box(str(area)) for area in ws.merged_cells.ranges]
        self.hidden = set()  # rows that a filter hides: a block written over them leaves them out
        self.values, self.formulas, self.formats = {}, {}, {}
        for row in ws.iter_rows():
            for cell in row:
                key = cell.row, cell.column
                if cell.number_format != "General":
                    self.formats[key] = cell.number_format
                if cell.data_type == "f":
                    text = cell.value if isinstance(cell.value, str) else cell.value.text
                    self.formulas[key] = text
                    self.values[key] = shown.cell(*key).value
                elif cell.value is not None:
                    number = isinstance(cell.value, int) and not isinstance(cell.value, bool)
                    self.values[key] = float(cell.value) if number else cell.value
        self._tables = [Table(self, t) for t in ws.tables.values()]

    book = property(lambda self: self._book)
    name = property(lambda self: self._name)
    index = property(lambda self: self._book._sheets.index(self) + 1)
    tables = property(lambda self: Tables(self))

    def range(self, first, second=None):
        if isinstance(first, Range) and second is None:
            return first
        a = box(first)
        b = box(second) if second is not None else a
        top, left = min(a[0], b[0]), min(a[1], b[1])
        return Range(self, top, left, max(a[2], b[2]) - top + 1, max(a[3], b[3]) - left + 1)


def box(place):
    """Top, left, bottom, right of a reference, a pair, a quadruple or a range."""
    if isinstance(place, Range):
        height, width = place.shape
        return place.row, place.column, place.row + height - 1, place.column + width - 1
    if isinstance(place, tuple) and len(place) == 4:
        row, column, height, width = place
        return row, column, row + height - 1, column + width - 1
    if isinstance(place, tuple):
        return (*place, *place)
    left, top, right, bottom = range_boundaries(place.replace("$", ""))
    return top, left, bottom, right


class Tables(base.Tables):
    api = parent = None

    def __init__(self, sheet):
        self.parent = sheet

    def __iter__(self):
        excel.cross("tables")
        return iter(self.parent._tables)

    def __len__(self):
        return len(self.parent._tables)

    def __call__(self, which):
        if isinstance(which, int):
            return self.parent._tables[which - 1]
        return next(t for t in self.parent._tables if t.name == which)


class Table(base.Table):
    api = True

    def __init__(self, sheet, source):
        self._sheet, self._name = sheet, source.displayName
        self.box, self.totals = box(source.ref), bool(source.totalsRowCount)
        columns = enumerate(source.tableColumns)
        self.computed = {
            i: c.calculatedColumnFormula.attr_text for i, c in columns if c.calculatedColumnFormula
        }

    @property
    def show_totals(self):
        excel.cross(self._name)
        return self.totals

    parent = property(lambda self: self._sheet)
    name = display_name = property(lambda self: self._name)

    @property
    def range(self):
        excel.cross(self._name)
        top, left, bottom, right = self.box
        return Range(self._sheet, top, left, bottom - top + 1, right - left + 1)

    def resize(self, area):
        """Grow: as Excel does, new rows take formats and calculated columns."""
        excel.cross(self._name, write=True)
        old, self.box = self.box[2], box(area.impl)
        top, left, bottom, right = self.box
        for row in range(old + 1, bottom + 1):
            for column in range(left, right + 1):
                first = self._sheet.formats.get((top + 1, column))
                if first:
                    self._sheet.formats[row, column] = first
                if column - left in self.computed:
                    self._sheet.formulas[row, column] = "=" + self.computed[column - left]


class Range(base.Range):
    api = True
    options = None
    has_array = False

    def __init__(self, sheet, row, column, height=1, width=1):
        self._sheet, self._row, self._column, self._shape = sheet, row, column, (height, width)
        self.options = {}

    sheet = property(lambda self: self._sheet)
    row = property(lambda self: self._row)
    column = property(lambda self: self._column)
    shape = property(lambda self: self._shape)
    coords = property(lambda self: (self._sheet, self._row, self._column, *self._shape))

    def __len__(self):
        return self._shape[0] * self._shape[1]

    def __call__(self, row, column=None):
        if column is None:
            width = self._shape[1]
            row, column = (row - 1) // width + 1, (row - 1) % width + 1
        return Range(self._sheet, self._row + row - 1, self._column + column - 1)

    @property
    def address(self):
        first = f"${get_column_letter(self._column)}${self._row}"
        height, width = self._shape
        last = f"${get_column_letter(self._column + width - 1)}${self._row + height - 1}"
        return first if first == last else f"{first}:{last}"

    def _keys(self):
        height, width = self._shape
        return [[(self._row + i, self._column + j) for j in range(width)] for i in range(height)]

    @property
    def raw_value(self):
        excel.cross(self._sheet.name)
        return [[self._sheet.values.get(key) for key in row] for row in self._keys()]

    @raw_value.setter
    def raw_value(self, value):
        excel.cross(self._sheet.name, write=True)
        if len(self) > self.max_cells_per_write:
            raise ComError(-2147024882, "Not enough memory for one write of that size.")
        if self._sheet.protected:
            raise ComError(-2146827284, "The cell is on a protected sheet.")
        for i, row in enumerate(self._keys()):
            if self._row + i in self._sheet.hidden and len(self) > 1:
                continue
            for j, key in enumerate(row):
                self._write(key, value[i][j] if isinstance(value, list | tuple) else value)

    def _write(self, key, value):
        sheet = self._sheet
        shown, formula = stored(value, sheet.formats.get(key, "General"))
        sheet.values.pop(key, None)
        sheet.formulas.pop(key, None)
        if formula:
            sheet.formulas[key] = formula
        elif shown is not None:
            sheet.values[key] = shown

    @property
    def merge_cells(self):
        excel.cross(self._sheet.name)
        height, width = self._shape
        bottom, right = self._row + height - 1, self._column + width - 1
        return any(
            top <= bottom and self._row <= low and left <= right and self._column <= last
            for top, left, low, last in self._sheet.merged
        )

    @property
    def formula(self):
        excel.cross(self._sheet.name)
        rows = [
            tuple(self._sheet.formulas.get(k) or spelled(self._sheet.values.get(k)) for k in row)
            for row in self._keys()
        ]
        return rows[0][0] if len(self) == 1 else tuple(rows)

    @property
    def number_format(self):
        excel.cross(self._sheet.name)
        return self._sheet.formats.get(self._keys()[0][0], "General")

    @number_format.setter
    def number_format(self, value):
        excel.cross(self._sheet.name, write=True)
        for row in self._keys():
            for key in row:
                self._sheet.formats[key] = value


def spelled(value):
    """A constant as `Range.Formula` gives it: text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


excel = Excel()


def opened(path):
    """Open a workbook file in the pretended Excel and return it as an xlwings book."""
    if excel.name not in [engine.name for engine in xw.engines]:
        xw.engines.add(xw.Engine(impl=excel))
    app = excel.apps.add()
    excel.calls.clear()
    excel.writes.clear()
    excel.busy, excel.busy_after = 0, None
    return xw.Book(impl=app.books.open(path))
