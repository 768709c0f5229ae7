"""The SQL ledger: orders, moves, balances, cursors."""
