"""Every setting, each an environment variable with the prefix `CINEBOOK_`.

Only what starts and wires a process reads them; everything else is given what it needs.
"""

from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from server.domain.showtimes import Limits

Positive = Annotated[int, Field(gt=0)]


class Settings(BaseSettings):
    """The settings of one server process; a wrong value is refused at start with its name and reason."""

    model_config = SettingsConfigDict(env_prefix="CINEBOOK_", extra="ignore", frozen=True)

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_url: str = Field(default="", description="Where people reach the server, such as `https://tickets.example`.")
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Other origins whose pages may connect and write, separated by commas."
    )
    data_dir: Path = Field(
        default=Path(".cinebook"), description="Where the embedded servers and the generated key live."
    )
    redis_url: str = Field(default="", description="Redis 7 or Valkey; empty starts an embedded Valkey.")
    redis_prefix: str = Field(default="cinebook:", description="What every key and channel in Redis begins with.")
    redis_timeout_ms: Positive = Field(default=1000, description="After this a command to Redis is given up.")
    redis_connections: Positive = Field(default=16, description="Connections to Redis for commands; more wait for one.")
    database_url: str = Field(default="", description="PostgreSQL; empty starts an embedded one.")
    database_connections: Positive = Field(default=10, description="Connections to PostgreSQL; more wait for one.")
    database_timeout_ms: Positive = Field(default=5000, description="After this a database query is given up.")
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Signs sessions and receipts; empty generates one and keeps it under `DATA_DIR`.",
    )
    session_ms: Positive = Field(default=30 * 86_400_000, description="How long a guest session lives without renewal.")
    staff_session_ms: Positive = Field(
        default=12 * 3_600_000, description="How long a member of staff stays signed in at most."
    )
    staff_idle_ms: Positive = Field(
        default=3_600_000, description="How long a member of staff stays signed in without doing anything."
    )
    hold_ms: Positive = Field(default=900_000, description="How long a locked seat is held.")
    max_hold_ms: Positive = Field(default=1_800_000, description="How long a seat may be held by extending.")
    max_seats: int = Field(default=8, ge=1, le=50, description="How many seats one holder may hold in a showtime.")
    sweep_ms: Positive = Field(default=500, description="How often ended locks are announced.")
    heartbeat_ms: Positive = Field(
        default=25_000, description="Silence after which either side of a socket asks for a sign."
    )
    pong_timeout_ms: Positive = Field(
        default=20_000, description="How long a client may take to give the sign that it was asked for."
    )
    coalesce_ms: int = Field(
        default=25, ge=0, description="Deltas of a showtime within this time go out as one; 0 sends each on its own."
    )
    check_ms: Positive = Field(
        default=500, description="How often rooms compare their position with the store's, for messages that were lost."
    )
    write_bytes: Positive = Field(
        default=32_768, description="What may wait for a client that does not read before it counts as behind."
    )
    slow_ms: Positive = Field(default=10_000, description="How long a client may stay behind before it is closed.")
    log_length: Positive = Field(
        default=1000, description="How many deltas a showtime's log keeps for clients that resume."
    )
    max_connections: Positive = Field(default=20_000, description="WebSocket connections of one process; more get 503.")
    workers: int = Field(default=1, ge=1, le=256, description="Processes that serve the one port, about one a core.")
    drain_ms: Positive = Field(
        default=5000, description="How long a worker that stops may take to send its clients to others."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least level logged."
    )
    log_format: Literal["console", "json"] = Field(default="console", description="How log lines are written.")

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, value: str) -> str:
        return _of_scheme(value, "redis", "rediss", "unix")

    @field_validator("database_url")
    @classmethod
    def _database_url(cls, value: str) -> str:
        return _of_scheme(value, "postgresql", "postgresql+asyncpg", "postgres")

    @field_validator("public_url")
    @classmethod
    def _origin_only(cls, value: str) -> str:
        value = value.rstrip("/")
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query):
            raise ValueError("must be a scheme and a host, such as https://tickets.example")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.max_hold_ms < self.hold_ms:
            raise ValueError("MAX_HOLD_MS must be at least HOLD_MS")
        return self

    @property
    def limits(self) -> Limits:
        """The limits of showtimes that do not set their own."""
        return Limits(max_seats=self.max_seats, hold_ms=self.hold_ms, max_hold_ms=self.max_hold_ms)


def _of_scheme(url: str, *schemes: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme not in schemes or not (parts.netloc or parts.path)):
        raise ValueError(f"must begin with {schemes[0]}://")
    # Reading it is what checks it; the error must not quote what may be a part of a password.
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("must have a number as its port; write characters such as / in a password as %2F") from None
    return url
