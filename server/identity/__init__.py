"""Who is asking: guests and staff, the tokens and cookies that name them, and which pages may speak for them."""
