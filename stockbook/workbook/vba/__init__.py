"""Write a VBA project from source text: `modules` the sources, `ovba` and `cfb` the formats.

Source only: no compiled code, so Office compiles it when it opens the file; the same sources give
the same bytes. VBA stays ASCII: Chinese lives in the ribbon, in cells and in Python.
"""
