"""`python -m stockbook` is the command `stockbook`."""

from stockbook.cli import main

main()
