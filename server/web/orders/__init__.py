"""Orders of customers: checkout, another attempt, giving up, and looking.

An order is its holder's, or whoever's has its token; to anybody else there is no such order.
"""
