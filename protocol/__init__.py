"""The wire contract, version 1, as code: messages, codecs, codes, the seat map and a client.

Nothing here imports `server`, and nothing but `aio` and its `events` does I/O, so that other programs can build on it.
"""
