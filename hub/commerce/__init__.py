"""Catalogue, planogram, stock, and the money of a handover."""

from hub.commerce.legs import (
    Decided,
    DecisionStands,
    Leg,
    LegRefused,
    LegState,
    MoneyDecision,
    Purpose,
    decide,
    decision_of,
    leg,
    leg_approved,
    leg_denied,
    leg_settled,
    leg_unknown,
    legs_of,
    open_leg,
    undecided_legs,
    unsettled_legs,
)
from hub.commerce.orders import (
    CustomerOrder,
    NoOrder,
    OrderLine,
    OrderPart,
    derived,
    join_order,
    order,
    order_of,
    order_page,
)
from hub.commerce.products import (
    NoProduct,
    Product,
    ProductSpec,
    product,
    product_for_selection,
    products,
    sync_products,
)
from hub.commerce.refunds import (
    Refund,
    RefundState,
    open_refund,
    refund,
    refund_settled,
    refunds_of,
)
from hub.commerce.stock import (
    Stock,
    StockShort,
    adjust_stock,
    count_stock,
    doubt_stock,
    ensure_stock,
    stock_of,
    stocks,
    total_stock,
)
from hub.commerce.upstream import UPSTREAM, UPSTREAM_RAIL, Paid, request_refund, spend, spent

__all__ = [
    "UPSTREAM", "UPSTREAM_RAIL", "CustomerOrder", "Decided", "DecisionStands", "Leg", "LegRefused",
    "LegState", "MoneyDecision", "NoOrder", "NoProduct", "OrderLine", "OrderPart", "Paid", "Product",
    "ProductSpec", "Purpose", "Refund", "RefundState", "Stock", "StockShort", "adjust_stock", "count_stock",
    "decide", "decision_of", "derived", "doubt_stock", "ensure_stock", "join_order", "leg", "leg_approved",
    "leg_denied", "leg_settled", "leg_unknown", "legs_of", "open_leg", "open_refund", "order", "order_of",
    "order_page", "product", "product_for_selection", "products", "refund", "refund_settled", "refunds_of",
    "request_refund", "spend", "spent", "stock_of", "stocks", "sync_products", "total_stock",
    "undecided_legs", "unsettled_legs",
]
