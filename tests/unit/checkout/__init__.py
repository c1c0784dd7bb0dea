"""Tests of the use cases of checkout, over parts that record what is asked of them."""
