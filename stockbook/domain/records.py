"""The facts StockBook keeps, one frozen record each.

Instants end in `_at` and are whole Unix seconds [s, UTC], as the platform gives them.
Money ends in `_fen` and is whole 分 (1/100 yuan). Ids are text. Quantities are sales units.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple

UNMAPPED = "未识别:"  # prefix of the SKU under which a line posts until its platform id is known
DEFAULT_WAREHOUSE = ""  # the shop's only warehouse, or the one the platform does not name


class Bucket(StrEnum):
    """Where a unit can be. The last three are the outside world."""

    FREE = "free"
    HELD = "held"
    ALLOCATED = "allocated"
    LOCKED = "locked"
    DEFECTIVE = "defective"
    RETURNING = "returning"
    ON_ORDER = "on_order"
    IN_TRANSIT = "in_transit"
    CUSTOMER = "customer"
    SUPPLIER = "supplier"
    ADJUSTMENT = "adjustment"


ON_HAND = (Bucket.FREE, Bucket.HELD, Bucket.ALLOCATED, Bucket.LOCKED)


class OrderStatus(IntEnum):
    """`order_status` of the platform (and the `main_status` values that matter)."""

    UNPAID = 1
    PREPARING = 2
    SHIPPED = 3
    CANCELLED = 4
    DONE = 5
    REFUNDED_BEFORE_SHIPPING = 21
    REFUNDED_AFTER_SHIPPING = 22
    REFUNDED_AFTER_RECEIPT = 39
    PARTLY_SHIPPED = 101
    DEPOSIT_PAID = 103
    PAID = 105


class AfterSaleKind(IntEnum):
    """`aftersale_type` of the platform."""

    RETURN = 0
    REFUND_ONLY = 1
    REFUND_BEFORE_SHIPPING = 2
    EXCHANGE = 3
    PRICE_PROTECTION = 6
    RESEND = 7
    REPAIR = 8


class AfterSaleStatus(IntEnum):
    """`standard_aftersale_status` of the platform."""

    WAITING = 6
    TO_RETURN = 7
    TO_SHIP_AGAIN = 8
    TO_CONFIRM = 11
    DONE = 12
    SHIPPED_AGAIN = 13
    RECEIVED_AGAIN = 14
    REFUSED = 27
    CLOSED = 28
    REFUSED_AGAIN = 29


@dataclass(frozen=True, slots=True)
class ShopSku:
    """One sellable unit as the shop lists it.

    `sku` is the merchant's own code and may be "" where the merchant left it empty.
    """

    shop_id: str
    shop_sku_id: str
    product_id: str
    sku: str = ""
    name: str = ""
    category: str = ""
    price_fen: int | None = None
    stock: int | None = None
    created_at: int | None = None


@dataclass(frozen=True, slots=True)
class OrderLine:
    """The latest snapshot of one order line (子订单).

    Attributes:
        order_id: The parent order's id.
        line_id: This line's own id; with `shop_id` the key.
        sku: The merchant code that the line itself carries, "" if none.
        quantity: Units ordered, > 0.
        status: `order_status` of the line, or of the order where the line has none.
        main_status: `main_status`, or None.
        reduce_stock_type: 1 stock falls on order, 2 on payment, None unknown.
        shipped_quantity: Units shipped so far where the platform says so, else None.
        cancel_reason: Why it was closed, "" if unknown.
        after_sale_type: 0 return, 1 refund only, 2 refund before shipping, 3 exchange …
        after_sale_status: 12 = done, 28 = failed, …
        updated_at: The order's update time; orders snapshots of one line.
        channel: Where the buyer found it (`domain.channels`), "" if nobody says; `author_id` and
            `author_name` are the host's (达人), never the buyer's.
        list_fen: The line's amount before discounts, None if unknown.
        province: Where it goes to, the province alone; "" if unknown.
        left_at: When its units left the house: the earliest instant that any snapshot gave, which
            the ledger keeps; None where none did.
    """

    shop_id: str
    order_id: str
    line_id: str
    shop_sku_id: str
    quantity: int
    status: int
    updated_at: int
    product_id: str = ""
    sku: str = ""
    main_status: int | None = None
    reduce_stock_type: int | None = None
    shipped_quantity: int | None = None
    warehouse: str = DEFAULT_WAREHOUSE
    created_at: int | None = None
    paid_at: int | None = None
    shipped_at: int | None = None
    finished_at: int | None = None
    pay_amount_fen: int | None = None
    cancel_reason: str = ""
    after_sale_type: int | None = None
    after_sale_status: int | None = None
    refund_status: int | None = None
    channel: str = ""
    author_id: str = ""
    author_name: str = ""
    room_id: str = ""
    video_id: str = ""
    list_fen: int | None = None
    province: str = ""
    left_at: int | None = None


@dataclass(frozen=True, slots=True)
class AfterSale:
    """The latest snapshot of one after-sale (售后单) of one order line.

    Attributes:
        kind: `aftersale_type`; `status`: `aftersale_status`.
        quantity: Units it is about, > 0.
        refund_status: 3 is paid back.
        refund_fen: What is paid back, None if unknown.
        shop_sku_id: The platform SKU that is sent instead (exchange), "" if the same.
        updated_at: Orders snapshots of one after-sale.
        sent_at: When its new units left the house: the earliest instant that any snapshot gave,
            which the ledger keeps.
    """

    shop_id: str
    after_sale_id: str
    line_id: str
    kind: int
    status: int
    quantity: int
    updated_at: int
    order_id: str = ""
    refund_status: int | None = None
    shop_sku_id: str = ""
    applied_at: int | None = None
    refund_fen: int | None = None
    sent_at: int | None = None


@dataclass(frozen=True, slots=True)
class StockCount:
    """A person counted `on_hand` units (free + held + allocated + locked) at an instant.

    Attributes:
        reason: Why it differs from what was expected, "" if nobody said.
    """

    shop_id: str
    sku: str
    on_hand: int
    effective_at: int
    warehouse: str = DEFAULT_WAREHOUSE
    reason: str = ""


class EntryKind(StrEnum):
    """What a person enters that no order tells."""

    RECEIPT = "receipt"
    RETURN = "return"
    REFUSED = "refused"
    TRANSFER = "transfer"
    DEFECT = "defect"
    SCRAP = "scrap"
    CORRECTION = "correction"
    COUNT = "count"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of 收货与盘点: what came, went, broke or was counted in a warehouse.

    Attributes:
        entry_id: The row's own number; with `shop_id` the key.
        units: Units it is about, > 0; of a correction signed; of a count the good units on hand;
            what a void entry says does not matter.
        defective: Units of them that are not good (receipts and returns).
        to_warehouse: Where a transfer goes.
        reference: The delivery note, order or after-sale it belongs to.
        reason: Why (corrections, counts).
    """

    shop_id: str
    entry_id: str
    kind: EntryKind
    sku: str
    units: int
    effective_at: int
    warehouse: str = DEFAULT_WAREHOUSE
    defective: int = 0
    to_warehouse: str = DEFAULT_WAREHOUSE
    reference: str = ""
    reason: str = ""


class StockMove(NamedTuple):
    """`quantity` > 0 units of one SKU went from `source` to `target`; never changed, never deleted.

    Attributes:
        cause: What moved it: `order`, `count`, or the kind of an entry.
        reference: The record that caused it (a line id, a count's key, an entry's id).
        effective_at: When it happened in the world.
        posted_at: When StockBook learned of it.
    """

    shop_id: str
    warehouse: str
    sku: str
    source: Bucket
    target: Bucket
    quantity: int
    cause: str
    reference: str
    effective_at: int
    posted_at: int


@dataclass(frozen=True, slots=True)
class Inbound:
    """Units on their way from a supplier; `due_at` is the p90 arrival (bookable)."""

    sku: str
    quantity: int
    due_at: int


@dataclass(frozen=True, slots=True)
class ShopStock:
    """What the shop itself shows of one platform SKU [units]; None where it does not tell.

    Attributes:
        spot: Can be bought now, outside of activities (平台现货).
        activity: Set aside for the platform's activities (活动).
        prehold: Taken by orders that are not through yet (占用).
        step: For presales (阶梯); StockBook never touches it.
        by_warehouse: Its stock is kept by warehouse (sku_type 1).
        stepped: It sells presale stock only (sku_type 10).
        houses: The platform's warehouses and their units, in the shop's order.
    """

    shop_sku_id: str
    product_id: str
    sku: str = ""
    spot: int | None = None
    activity: int | None = None
    prehold: int | None = None
    step: int | None = None
    by_warehouse: bool = False
    stepped: bool = False
    houses: tuple[tuple[str, int], ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StockChange:
    """Units to add to (below zero: to take from) what the shop shows of one platform SKU.

    Attributes:
        warehouse: The platform's warehouse, "" where the SKU's stock is not kept by warehouse.
        before: What the shop showed there when `step` was computed.
    """

    shop_sku_id: str
    product_id: str
    warehouse: str
    step: int
    before: int = 0


class ChangeState(StrEnum):
    """What is known of a change: on its way, done, refused, or never needed any more."""

    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """What the shop answered to one change.

    Attributes:
        answer: Its words where it refused; REPEATED where it says that the id was used before.
        short: It was refused since the shop has less than is to be taken away.
    """

    state: ChangeState
    answer: str = ""
    short: bool = False


REPEATED = "repeated"  # the answer to an id that was used: done, and what of it is not told
