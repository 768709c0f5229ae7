"""Where a pull begins, stream by stream."""

from stockbook import intake
from stockbook.domain.clock import DAY
from stockbook.shops.base import OrderWindow
from stockbook.store.ledger_store import LedgerStore

NOW = 1796868600


class Shop:
    """Lists nothing and sells nothing, and remembers what it was asked."""

    shop_id = "s"

    def __init__(self):
        self.asked = {}

    def clock(self):
        return NOW

    def reach(self):
        return 90 * DAY

    def skus(self):
        return [], []

    def order_windows(self, start, end=None):
        return self.windows("orders", start, end)

    def after_sale_windows(self, start, end=None):
        return self.windows("after-sales", start, end)

    def windows(self, what, start, end):
        if end is None:  # what is new, not what is read again
            self.asked[what] = start
        yield OrderWindow(start, NOW if end is None else end)

    def notes(self):
        return ()


def test_a_ledger_that_never_saw_after_sales_reads_them_from_the_beginning(tmp_path):
    """As one that was upgraded: its orders are up to date, its returns are not."""
    shop = Shop()
    with LedgerStore.open(tmp_path / "l.sqlite") as ledger:
        ledger.post_window("s", cursor=NOW - 60, now=NOW)
        intake.pull(shop, ledger, now=NOW, history=365, progress=print)
        assert shop.asked == {"orders": NOW - 60, "after-sales": NOW - 90 * DAY}
        ledger.post_window("s", cursor=NOW - 30, now=NOW, stream=intake.AFTER_SALES)
        intake.pull(shop, ledger, now=NOW, history=365, progress=print)
        assert shop.asked == {"orders": NOW - 60, "after-sales": NOW - 30}
