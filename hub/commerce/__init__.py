"""Catalogue, planogram, stock, and the money of a handover."""

from hub.commerce.legs import (
    Decided,
    DecisionStands,
    Leg,
    LegRefused,
    LegState,
    MoneyDecision,
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
from hub.commerce.products import (
    NoProduct,
    Product,
    ProductSpec,
    product,
    product_for_selection,
    products,
    sync_products,
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

__all__ = [
    "Decided", "DecisionStands", "Leg", "LegRefused", "LegState", "MoneyDecision", "NoProduct", "Product",
    "ProductSpec", "Stock", "StockShort", "adjust_stock", "count_stock", "decide", "decision_of",
    "doubt_stock", "ensure_stock", "leg", "leg_approved", "leg_denied", "leg_settled", "leg_unknown",
    "legs_of", "open_leg", "product", "product_for_selection", "products", "stock_of", "stocks",
    "sync_products", "total_stock", "undecided_legs", "unsettled_legs",
]
