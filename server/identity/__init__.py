"""Who is asking: guest sessions, the tokens and cookies that name them, and which pages may speak for them."""
