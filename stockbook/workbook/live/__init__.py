"""A workbook that is open in Excel, through xlwings.

`grid` computes a table's new cells; `excel` reads and writes blocks, patiently.
"""
