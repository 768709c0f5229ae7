"""The two places a workbook can be in: a closed file, and (a pretended) Excel."""

import re

import openpyxl
from openpyxl.utils.escape import escape

from stockbook.workbook.closed.package import Package
from stockbook.workbook.closed.refs import letters
from stockbook.workbook.closed_book import ClosedBook
from stockbook.workbook.live_book import LiveBook
from tests.excel.engine import opened
from tests.workbook.closed.fixtures import pack, unpack


def spelled(text):
    """A text as a file holds it; openpyxl leaves _xHHHH_ as it is."""
    return escape(re.sub("_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text))


class ClosedHouse:
    """Opens the file anew each time, as each command does."""

    def __init__(self, path):
        self.path = path

    def book(self):
        return ClosedBook(self.path)

    def edit(self, part_of, change):
        """Change the XML of the sheet of a table, or of a part by name, as text."""
        parts = unpack(self.path)
        name = part_of if part_of in parts else Package.open(self.path).table(part_of).sheet
        before = parts[name].decode()
        parts[name] = change(before).encode()
        assert parts[name].decode() != before
        pack(self.path, parts)

    def put_formula(self, table, header, row, formula):
        place = self._place(table, header, row)
        parts = unpack(self.path)
        for name, data in parts.items():
            if name.startswith("xl/worksheets/sheet") and self._is(table, name):
                text = data.decode()
                start = text.index(f'<c r="{place}"')
                end = text.index(">", start)
                stop = end + 1 if text[end - 1] == "/" else text.index("</c>", end) + 4
                style = text[start:end].split('s="')[1].split('"')[0]
                cell = f'<c r="{place}" s="{style}"><f>{formula[1:]}</f><v>0</v></c>'
                parts[name] = (text[:start] + cell + text[stop:]).encode()
        pack(self.path, parts)

    def saved(self, folder):
        """The file as it is now."""
        return self.path

    def put(self, table, header, row, value):
        package = Package.open(self.path)
        package.put(table, {row: {header: value}})
        package.save()

    def _place(self, table, header, row):
        return f"{letters(Package.open(self.path).table(table).column(header))}{row}"

    def _is(self, table, part):
        return Package.open(self.path).table(table).sheet == part

    def formula_at(self, table, header, row):
        place = self._place(table, header, row)
        for name, data in unpack(self.path).items():
            if name.startswith("xl/worksheets/sheet") and self._is(table, name):
                text = data.decode()
                start = text.index(f'<c r="{place}"')
                cell = text[start : text.index("</c>", start)]
                return "=" + cell.split("<f>")[1].split("</f>")[0] if "<f>" in cell else None
        return None


class LiveHouse:
    """Keeps the workbook open, and attaches to it anew each time."""

    def __init__(self, path):
        self.path, self.xl = path, opened(path)

    def book(self):
        return LiveBook(self.xl, patience=0)

    def _cell(self, table, header, row):
        for ws in self.xl.impl._sheets:
            for found in ws._tables:
                if found.name == table:
                    top, left, _, right = found.box
                    headers = [ws.values[top, c] for c in range(left, right + 1)]
                    return ws, (row, left + headers.index(header))
        raise KeyError(table)

    def put_formula(self, table, header, row, formula):
        ws, key = self._cell(table, header, row)
        ws.formulas[key], ws.values[key] = formula, 0.0

    def saved(self, folder):
        """What this Excel would save: the cells, without macros."""
        book = openpyxl.load_workbook(self.path)
        for ws in self.xl.impl._sheets:
            for key, value in ws.values.items():
                if key not in ws.formulas:
                    cell = book[ws.name].cell(*key)
                    cell.value = spelled(value) if isinstance(value, str) else value
                    if isinstance(value, str):
                        cell.data_type = "s"
            for table in ws._tables:
                top, left, bottom, right = table.box
                ref = f"{letters(left)}{top}:{letters(right)}{bottom}"
                book[ws.name].tables[table.name].ref = ref
                book[ws.name].tables[table.name].autoFilter.ref = ref
        path = folder / "saved.xlsx"
        book.save(path)
        return path

    def put(self, table, header, row, value):
        ws, key = self._cell(table, header, row)
        ws.values[key] = value

    def formula_at(self, table, header, row):
        ws, key = self._cell(table, header, row)
        return ws.formulas.get(key)
