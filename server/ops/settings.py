"""Every setting, each an environment variable with the prefix `CINEBOOK_`.

Only what starts and wires a process reads them; everything else is given what it needs.
"""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from server.domain.showtimes import Limits
from server.ops.addresses import Networks
from server.ops.smtp import SmtpServer
from server.ops.urls import of_scheme, origin, web_address

MOST: Final = 1_000_000_000
"""A greater number is a slip of the hand; PostgreSQL and the scripts of the seat store take none much greater."""

LONGEST_MS: Final = 10 * 366 * 86_400_000
"""Ten years, after which times would soon have no date."""

Positive = Annotated[int, Field(gt=0, le=MOST)]
Duration = Annotated[int, Field(gt=0, le=LONGEST_MS)]

_MAILBOX: Final = r"^([^@<>\s]+@[^@<>\s]+|[^@<>\r\n]+ <[^@<>\s]+@[^@<>\s]+>)$"

NEEDED_BY: Final = {
    "vnpay": ("vnpay_tmn_code", "vnpay_hash_secret", "vnpay_pay_url", "vnpay_api_url"),
    "momo": ("momo_partner_code", "momo_access_key", "momo_secret_key", "momo_api_url"),
}
"""Settings without which a gateway that is listed cannot be spoken with."""


class Settings(BaseSettings):
    """The settings of one server process; a wrong value is refused at start with its name and reason."""

    model_config = SettingsConfigDict(env_prefix="CINEBOOK_", extra="ignore", frozen=True)

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    # VNPay takes return addresses of at most 255 characters, and a path follows.
    public_url: str = Field(
        default="", max_length=200, description="Where people reach the server, such as `https://tickets.example`."
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Other origins whose pages may connect and write, separated by commas."
    )
    data_dir: Path = Field(
        default=Path(".cinebook"), description="Where the embedded servers, the generated key and the outbox live."
    )
    redis_url: str = Field(default="", description="Redis 7 or Valkey; empty starts an embedded Valkey.")
    redis_prefix: str = Field(default="cinebook:", description="What every key and channel in Redis begins with.")
    redis_timeout_ms: Duration = Field(default=1000, description="After this a command to Redis is given up.")
    redis_connections: Positive = Field(default=16, description="Connections to Redis for commands; more wait for one.")
    redis_keep_ms: int = Field(
        default=86_400_000,
        ge=3_600_000,
        le=LONGEST_MS,
        description="How long a showtime that is past stays in Redis; then whoever asks has it read from PostgreSQL.",
    )
    database_url: str = Field(default="", description="PostgreSQL; empty starts an embedded one.")
    database_connections: Positive = Field(default=10, description="Connections to PostgreSQL; more wait for one.")
    database_timeout_ms: Positive = Field(default=5000, description="After this a database query is given up.")
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Signs sessions, receipts, tickets and order links, 16 bytes at least; "
        "empty keeps a generated one under `DATA_DIR`.",
    )
    session_ms: Duration = Field(default=30 * 86_400_000, description="How long a guest session lives without renewal.")
    staff_session_ms: Duration = Field(
        default=12 * 3_600_000, description="How long a member of staff stays signed in at most."
    )
    staff_idle_ms: Duration = Field(
        default=3_600_000, description="How long a member of staff stays signed in without doing anything."
    )
    hold_ms: Duration = Field(default=900_000, description="How long a locked seat is held.")
    max_hold_ms: Duration = Field(default=1_800_000, description="How long a seat may be held by extending.")
    max_seats: int = Field(default=8, ge=1, le=50, description="How many seats one holder may hold in a showtime.")
    payment_ms: Duration = Field(default=900_000, description="How long a customer has to pay an order.")
    sweep_ms: Duration = Field(default=500, description="How often ended locks are announced.")
    heartbeat_ms: Duration = Field(
        default=25_000, description="Silence after which either side of a socket asks for a sign."
    )
    pong_timeout_ms: Duration = Field(
        default=20_000, description="How long a client may take to give the sign that it was asked for."
    )
    coalesce_ms: int = Field(
        default=25,
        ge=0,
        le=LONGEST_MS,
        description="Deltas of a showtime within this time go out as one; 0 sends each on its own.",
    )
    check_ms: Duration = Field(
        default=500, description="How often rooms compare their position with the store's, for messages that were lost."
    )
    write_bytes: Positive = Field(
        default=8_192, description="Bytes that may wait for a client that does not read before it counts as behind."
    )
    slow_ms: Duration = Field(default=10_000, description="How long a client may stay behind before it is closed.")
    log_length: Positive = Field(
        default=1000, description="How many deltas a showtime's log keeps for clients that resume."
    )
    max_connections: Positive = Field(default=20_000, description="WebSocket connections of one process; more get 503.")
    workers: int = Field(default=1, ge=1, le=256, description="Processes that serve the one port, about one a core.")
    worker_silence_ms: int = Field(
        default=30_000,
        ge=1000,
        le=LONGEST_MS,
        description="After this silence of its event loop one of several workers is killed and replaced.",
    )
    drain_ms: Duration = Field(
        default=5000, description="How long a worker that stops may take to send its clients to others."
    )
    smtp_url: SecretStr = Field(
        default=SecretStr(""),
        description="Mail server: `smtps://user:password@host`, `smtp+starttls://…`, or `smtp://host` without "
        "encryption; empty writes mails to `DATA_DIR/outbox`.",
    )
    smtp_timeout_ms: Duration = Field(default=15_000, description="After this silence a mail server is given up.")
    mail_from: str = Field(
        default="tickets@localhost.localdomain",
        pattern=_MAILBOX,
        description="Whom mails come from: an address, or `Name <address>`.",
    )
    mail_reply_to: str = Field(
        default="", pattern=rf"{_MAILBOX}|^$", description="Where answers to mails go; empty: to `MAIL_FROM`."
    )
    sms_provider: Literal["none", "file", "esms"] = Field(
        default="none", description="Who sends SMS: `none`, `esms`, or `file`, which writes them to `DATA_DIR/outbox`."
    )
    sms_timeout_ms: Duration = Field(
        default=10_000, description="After this a request to the SMS provider is given up."
    )
    esms_url: str = Field(default="https://rest.esms.vn", description="Address of eSMS.")
    esms_api_key: SecretStr = Field(default=SecretStr(""), description="API key of the account at eSMS.")
    esms_secret_key: SecretStr = Field(default=SecretStr(""), description="Secret key of the account at eSMS.")
    esms_brandname: str = Field(default="", description="Registered sender of SMS by eSMS.")
    push_contact: str = Field(
        default="mailto:push@localhost.localdomain",
        pattern=r"^(mailto:[^@\s]+@[^@\s]+|https://\S+)$",
        description="Whom push services tell of trouble, `mailto:…` or `https://…`.",
    )
    push_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(
            *("fcm.googleapis.com", "jmt17.google.com", "updates.push.services.mozilla.com"),
            *(".push.apple.com", ".notify.windows.com"),
        ),
        description="Push services that browsers may name, separated by commas; `.name` is all hosts below it.",
    )
    push_timeout_ms: Duration = Field(default=10_000, description="After this a request to a push service is given up.")
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Addresses and networks of proxies whose `X-Forwarded-For` is believed, separated by commas.",
    )
    gateways: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("sandbox",),
        description="How customers may pay, separated by commas: `vnpay`, `momo`, `sandbox`, which takes no money.",
    )
    vnpay_tmn_code: str = Field(default="", description="The terminal's code at VNPay.")
    vnpay_hash_secret: SecretStr = Field(default=SecretStr(""), description="The terminal's secret at VNPay.")
    vnpay_pay_url: str = Field(
        default="", description="VNPay's page, such as `https://sandbox.vnpayment.vn/paymentv2/vpcpay.html`."
    )
    vnpay_api_url: str = Field(
        default="",
        description="VNPay's API, such as `https://sandbox.vnpayment.vn/merchant_webapi/api/transaction`.",
    )
    vnpay_timeout_ms: Duration = Field(default=15_000, description="After this a call to VNPay is given up.")
    vnpay_server_ip: str = Field(default="127.0.0.1", description="The address that VNPay is told our calls come from.")
    vnpay_ipn_addresses: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Addresses and networks that VNPay may notify us from, separated by commas; empty allows all.",
    )
    momo_partner_code: str = Field(default="", description="The partner's code at MoMo.")
    momo_access_key: SecretStr = Field(default=SecretStr(""), description="The partner's access key at MoMo.")
    momo_secret_key: SecretStr = Field(default=SecretStr(""), description="The partner's secret key at MoMo.")
    momo_api_url: str = Field(default="", description="MoMo's API, such as `https://test-payment.momo.vn`.")
    momo_timeout_ms: int = Field(
        default=30_000,
        ge=30_000,
        le=LONGEST_MS,
        description="After this a call to MoMo is given up; MoMo wants 30 s at least.",
    )
    momo_capture: Literal["auto", "two_step"] = Field(
        default="auto",
        description="When MoMo takes the money: `auto`, at once, or `two_step`, "
        "once the seats are known to be held still.",
    )
    momo_ipn_addresses: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Addresses and networks that MoMo may notify us from, separated by commas; empty allows all.",
    )
    gateway_log_days: int = Field(
        default=90,
        # Two months have 62 days at most, which the database holds by its own clock.
        ge=63,
        le=3653,
        description="For how many days what is said to gateways and by them is kept; they want two months, so 63 at "
        "least.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least level logged: `debug`, `info`, `warning` or `error`."
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="How log lines are written: `console` or `json`."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _text(cls, value: object) -> object:
        # Bytes of the environment that are no text would fail wherever they are first written.
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ValueError("must be text in UTF-8") from None
        return value

    @field_validator(
        "allowed_origins", "gateways", "trusted_proxies", "vnpay_ipn_addresses", "momo_ipn_addresses", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
        return value

    @field_validator("push_hosts", mode="before")
    @classmethod
    def _hosts(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().lower() for part in value.split(",") if part.strip())
        return value

    @field_validator("smtp_url")
    @classmethod
    def _smtp_url(cls, value: SecretStr) -> SecretStr:
        if url := value.get_secret_value():
            SmtpServer.from_url(url)
        return value

    @field_validator("trusted_proxies", "vnpay_ipn_addresses", "momo_ipn_addresses")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        Networks(value)
        return value

    @field_validator("vnpay_tmn_code", "momo_partner_code")
    @classmethod
    def _without_blanks(cls, value: str) -> str:
        return value.strip()

    @field_validator("vnpay_hash_secret", "momo_access_key", "momo_secret_key")
    @classmethod
    def _secret_without_blanks(cls, value: SecretStr) -> SecretStr:
        # A blank that was copied along makes every signature wrong.
        return SecretStr(value.get_secret_value().strip())

    @field_validator("vnpay_pay_url", "vnpay_api_url", "momo_api_url", "esms_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        return web_address(value)

    @field_validator("vnpay_server_ip")
    @classmethod
    def _server_ip(cls, value: str) -> str:
        return str(ip_address(value))

    @field_validator("gateways")
    @classmethod
    def _known_gateways(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len(set(value)) != len(value) or not set(value) <= {"sandbox", *NEEDED_BY}:
            raise ValueError("must be one or more of vnpay, momo and sandbox, each once")
        return value

    @model_validator(mode="after")
    def _gateways_configured(self) -> Self:
        for gateway in self.gateways:
            needed = {name: getattr(self, name) for name in NEEDED_BY.get(gateway, ())}
            missing = [
                name.upper()
                for name, value in needed.items()
                if not (value.get_secret_value() if isinstance(value, SecretStr) else value)
            ]
            if missing:
                raise ValueError(f"GATEWAYS lists {gateway}, which needs {', '.join(missing)} too")
        return self

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, value: str) -> str:
        return of_scheme(value, "redis", "rediss", "unix")

    @field_validator("database_url")
    @classmethod
    def _database_url(cls, value: str) -> str:
        return of_scheme(value, "postgresql", "postgresql+asyncpg", "postgres")

    @field_validator("public_url")
    @classmethod
    def _own_origin(cls, value: str) -> str:
        return origin(value)

    @field_validator("allowed_origins")
    @classmethod
    def _other_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(origin, value))

    @field_validator("host")
    @classmethod
    def _host(cls, value: str) -> str:
        try:
            value.encode("idna")
        except UnicodeError:
            raise ValueError("must be an address or a name of this machine") from None
        return value

    @field_validator("data_dir", mode="before")
    @classmethod
    def _folder(cls, value: object) -> object:
        if value == "":
            raise ValueError("must name a folder")
        return value

    @field_validator("redis_prefix")
    @classmethod
    def _prefix(cls, value: str) -> str:
        if "{" in value or "}" in value or not value.isprintable():
            raise ValueError("must have no braces, by which clusters go, and nothing that cannot be printed")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.max_hold_ms < self.hold_ms:
            raise ValueError("MAX_HOLD_MS must be at least HOLD_MS")
        esms = (self.esms_api_key.get_secret_value(), self.esms_secret_key.get_secret_value(), self.esms_brandname)
        if self.sms_provider == "esms" and not all(esms):
            raise ValueError("ESMS_API_KEY, ESMS_SECRET_KEY and ESMS_BRANDNAME are needed for SMS by eSMS")
        return self

    @property
    def limits(self) -> Limits:
        """The limits of showtimes that do not set their own."""
        return Limits(max_seats=self.max_seats, hold_ms=self.hold_ms, max_hold_ms=self.max_hold_ms)

    @property
    def gives_tickets_away(self) -> bool:
        """Whether strangers get tickets for nothing: people come over https, and the sandbox is offered to them."""
        return self.public_url.startswith("https://") and "sandbox" in self.gateways
