"""Checkout, orders, callbacks and refunds over REST, on real servers."""
