"""Both ways in which a session meets its socket, over one suite: detached from the server, and plain ASGI."""
