"""What the ledger knows of sales, where a test needs none."""

import pandas as pd

from stockbook.domain.analysis_tables import SalesFacts

COLUMNS = {
    "sales": "sku date units revenue_yuan list_yuan orders",
    "sources": "date channel author units revenue_yuan orders",
    "hours": "date hour units revenue_yuan",
    "refunds": "sku units before after refund_yuan",
    "provinces": "province orders revenue_yuan",
    "traffic": "date product name exposures clicks visitors buyers units amount_yuan",
    "audience": "kind segment share",
}
TEXT = {"sku", "channel", "author", "province", "product", "name", "kind", "segment"}


def no_sales():
    """Return facts without a row."""

    def empty(columns):
        kinds = {c: "str" if c in TEXT else "float64" for c in columns.split()}
        kinds |= {"date": "datetime64[ns]"} if "date" in kinds else {}
        return pd.DataFrame({c: pd.Series(dtype=kind) for c, kind in kinds.items()})

    return SalesFacts(**{name: empty(columns) for name, columns in COLUMNS.items()})
