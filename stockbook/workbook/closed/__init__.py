"""A closed .xlsx or .xlsm, edited inside its zip: whatever StockBook does not own keeps its bytes.

`text` and `refs` are the small languages of a sheet; `sheet_part` replaces cells in one sheet;
`archive` is the zip with its locks; `parts` knows which part is what; `package` is the door.
"""
