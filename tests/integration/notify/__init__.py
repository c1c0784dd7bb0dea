"""Notices over real sockets: a mail server, an SMS provider and a push service of the tests' own."""
