"""The catalogue: cinemas, halls, layouts, films, showtimes, prices and blocks; and the ordinals of epochs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TRIGGERS = (
    # Layouts and their seats never change: clients and servers keep them under their version.
    """
    CREATE FUNCTION layouts_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a layout never changes' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER layouts_never_change BEFORE UPDATE OR DELETE ON layouts
        FOR EACH ROW EXECUTE FUNCTION layouts_never_change()
    """,
    """
    CREATE TRIGGER layouts_never_change BEFORE UPDATE OR DELETE ON seats
        FOR EACH ROW EXECUTE FUNCTION layouts_never_change()
    """,
    # The indexes of a layout are 0 to seat_count - 1 without a gap, from the commit that enters it on.
    """
    CREATE FUNCTION layout_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.seat_count <> (SELECT count(*) FROM seats WHERE layout = NEW.version) THEN
            RAISE EXCEPTION 'layout % does not have its % seats', NEW.version, NEW.seat_count
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER layout_is_whole AFTER INSERT ON layouts
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION layout_is_whole()
    """,
    """
    CREATE FUNCTION seats_are_counted() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM added JOIN layouts ON version = layout WHERE index >= seat_count) THEN
            RAISE EXCEPTION 'a layout has no seat beyond its count' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER seats_are_counted AFTER INSERT ON seats
        REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION seats_are_counted()
    """,
    # Every zone of the layout that a showtime sells has a price, at each commit.
    """
    CREATE FUNCTION every_zone_has_its_price() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        missing record;
    BEGIN
        IF TG_TABLE_NAME = 'zones' THEN
            SELECT s.id AS showtime, NEW.id AS zone INTO missing FROM showtimes s
            WHERE s.layout = NEW.layout
                AND NOT EXISTS (SELECT FROM prices p WHERE p.showtime = s.id AND p.zone = NEW.id)
            LIMIT 1;
        ELSE
            SELECT s.id AS showtime, z.id AS zone INTO missing FROM showtimes s JOIN zones z ON z.layout = s.layout
            WHERE s.id = coalesce(to_jsonb(OLD) ->> 'showtime', to_jsonb(NEW) ->> 'id')
                AND NOT EXISTS (SELECT FROM prices p WHERE p.showtime = s.id AND p.zone = z.id)
            LIMIT 1;
        END IF;
        IF FOUND THEN
            RAISE EXCEPTION 'showtime % has no price for zone %', missing.showtime, missing.zone
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER every_zone_has_its_price AFTER INSERT OR UPDATE OF layout ON showtimes
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION every_zone_has_its_price()
    """,
    """
    CREATE CONSTRAINT TRIGGER every_zone_has_its_price AFTER UPDATE OR DELETE ON prices
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION every_zone_has_its_price()
    """,
    """
    CREATE CONSTRAINT TRIGGER every_zone_has_its_price AFTER INSERT ON zones
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION every_zone_has_its_price()
    """,
)


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("epoch_ordinals", data_type=sa.BigInteger())))
    op.create_table(
        "cinemas",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.CheckConstraint("id ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("cinemas_id")),
        sa.CheckConstraint("name <> ''", name=op.f("cinemas_name")),
        sa.CheckConstraint(
            "time_zone ~ '^(UTC|[A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$'"
            " AND (TIMESTAMPTZ '2000-01-01 00:00:00+00' AT TIME ZONE time_zone) IS NOT NULL",
            name=op.f("cinemas_time_zone"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("cinemas_pk")),
    )
    op.create_table(
        "films",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("rating", sa.Text(), nullable=False),
        sa.CheckConstraint("id ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("films_id")),
        sa.CheckConstraint("title <> ''", name=op.f("films_title")),
        sa.CheckConstraint("duration_minutes > 0", name=op.f("films_duration_minutes")),
        sa.PrimaryKeyConstraint("id", name=op.f("films_pk")),
    )
    op.create_table(
        "halls",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("cinema", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint("id ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("halls_id")),
        sa.CheckConstraint("name <> ''", name=op.f("halls_name")),
        sa.ForeignKeyConstraint(["cinema"], ["cinemas.id"], name=op.f("halls_cinema_fk")),
        sa.PrimaryKeyConstraint("id", name=op.f("halls_pk")),
    )
    op.create_index(op.f("halls_cinema"), "halls", ["cinema"], unique=False)
    op.create_table(
        "layouts",
        sa.Column("version", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("hall", sa.Text(), nullable=False),
        sa.Column("width", sa.Double(), nullable=False),
        sa.Column("height", sa.Double(), nullable=False),
        sa.Column("seat_count", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "width > 0 AND width < 'Infinity' AND height > 0 AND height < 'Infinity'", name=op.f("layouts_size")
        ),
        sa.CheckConstraint("seat_count > 0", name=op.f("layouts_seat_count")),
        sa.ForeignKeyConstraint(["hall"], ["halls.id"], name=op.f("layouts_hall_fk")),
        sa.PrimaryKeyConstraint("version", name=op.f("layouts_pk")),
        sa.UniqueConstraint("hall", "fingerprint", name=op.f("layouts_hall_fingerprint_key")),
        sa.UniqueConstraint("hall", "version", name=op.f("layouts_hall_version_key")),
    )
    op.create_table(
        "showtimes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("hall", sa.Text(), nullable=False),
        sa.Column("layout", sa.BigInteger(), nullable=False),
        sa.Column("film", sa.Text(), nullable=False),
        sa.Column("starts_at", postgresql.TIMESTAMP(timezone=True, precision=3), nullable=False),
        sa.Column("opens_at", postgresql.TIMESTAMP(timezone=True, precision=3), nullable=False),
        sa.Column("closes_at", postgresql.TIMESTAMP(timezone=True, precision=3), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("max_seats", sa.Integer(), nullable=True),
        sa.Column("hold_ms", sa.Integer(), nullable=True),
        sa.Column("max_hold_ms", sa.Integer(), nullable=True),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("showtimes_currency")),
        sa.CheckConstraint("id ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("showtimes_id")),
        sa.CheckConstraint("(hold_ms IS NULL) = (max_hold_ms IS NULL)", name=op.f("showtimes_hold_limits")),
        sa.CheckConstraint("hold_ms > 0", name=op.f("showtimes_hold_ms")),
        sa.CheckConstraint("max_hold_ms >= hold_ms", name=op.f("showtimes_max_hold_ms")),
        sa.CheckConstraint("max_seats BETWEEN 1 AND 50", name=op.f("showtimes_max_seats")),
        sa.CheckConstraint("opens_at < closes_at", name=op.f("showtimes_sales")),
        sa.ForeignKeyConstraint(["film"], ["films.id"], name=op.f("showtimes_film_fk")),
        sa.ForeignKeyConstraint(
            ["hall", "layout"], ["layouts.hall", "layouts.version"], name=op.f("showtimes_hall_layout_fk")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("showtimes_pk")),
        sa.UniqueConstraint("id", "layout", name=op.f("showtimes_id_layout_key")),
    )
    op.create_index(op.f("showtimes_closes_at"), "showtimes", ["closes_at"], unique=False)
    op.create_index(op.f("showtimes_film"), "showtimes", ["film"], unique=False)
    op.create_index(op.f("showtimes_hall_starts_at"), "showtimes", ["hall", "starts_at"], unique=False)
    op.create_index(op.f("showtimes_starts_at_id"), "showtimes", ["starts_at", "id"], unique=False)
    op.create_table(
        "zones",
        sa.Column("layout", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint("id ~ '^[A-Za-z0-9_-]{1,64}$'", name=op.f("zones_id")),
        sa.CheckConstraint("name <> ''", name=op.f("zones_name")),
        sa.ForeignKeyConstraint(["layout"], ["layouts.version"], name=op.f("zones_layout_fk")),
        sa.PrimaryKeyConstraint("layout", "id", name=op.f("zones_pk")),
        sa.UniqueConstraint("layout", "place", name=op.f("zones_layout_place_key")),
    )
    op.create_table(
        "prices",
        sa.Column("showtime", sa.Text(), nullable=False),
        sa.Column("layout", sa.BigInteger(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("price BETWEEN 0 AND 9007199254740991", name=op.f("prices_price")),
        sa.ForeignKeyConstraint(["layout", "zone"], ["zones.layout", "zones.id"], name=op.f("prices_layout_zone_fk")),
        sa.ForeignKeyConstraint(
            ["showtime", "layout"],
            ["showtimes.id", "showtimes.layout"],
            name=op.f("prices_showtime_layout_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("showtime", "zone", name=op.f("prices_pk")),
    )
    op.create_table(
        "seats",
        sa.Column("layout", sa.BigInteger(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("row", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("x", sa.Double(), nullable=False),
        sa.Column("y", sa.Double(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("pair", sa.Text(), nullable=True),
        sa.CheckConstraint("id ~ '^[A-Za-z0-9-]{1,16}$'", name=op.f("seats_id")),
        sa.CheckConstraint("kind IN ('standard', 'vip', 'couple', 'wheelchair', 'companion')", name=op.f("seats_kind")),
        sa.CheckConstraint("kind NOT IN ('couple', 'companion') OR pair IS NOT NULL", name=op.f("seats_paired_kinds")),
        sa.CheckConstraint("index >= 0", name=op.f("seats_index")),
        sa.CheckConstraint("row <> ''", name=op.f("seats_row")),
        sa.CheckConstraint("number >= 0", name=op.f("seats_number")),
        sa.CheckConstraint("x >= 0 AND x < 'Infinity' AND y >= 0 AND y < 'Infinity'", name=op.f("seats_place")),
        sa.CheckConstraint("pair <> id", name=op.f("seats_pair")),
        sa.ForeignKeyConstraint(
            ["layout", "pair", "id"],
            ["seats.layout", "seats.id", "seats.pair"],
            name=op.f("seats_layout_pair_id_fk"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["layout", "zone"], ["zones.layout", "zones.id"], name=op.f("seats_layout_zone_fk")),
        sa.PrimaryKeyConstraint("layout", "index", name=op.f("seats_pk")),
        sa.UniqueConstraint("layout", "id", "pair", name=op.f("seats_layout_id_pair_key")),
        sa.UniqueConstraint("layout", "id", name=op.f("seats_layout_id_key")),
    )
    op.create_table(
        "blocks",
        sa.Column("showtime", sa.Text(), nullable=False),
        sa.Column("layout", sa.BigInteger(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("blocks_reason")),
        sa.ForeignKeyConstraint(
            ["layout", "seat"], ["seats.layout", "seats.index"], name=op.f("blocks_layout_seat_fk")
        ),
        sa.ForeignKeyConstraint(
            ["showtime", "layout"],
            ["showtimes.id", "showtimes.layout"],
            name=op.f("blocks_showtime_layout_fk"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("showtime", "seat", name=op.f("blocks_pk")),
    )

    for statement in TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    for table in ("blocks", "prices", "showtimes", "seats", "zones", "layouts", "films", "halls", "cinemas"):
        op.drop_table(table)
    for function in ("every_zone_has_its_price", "seats_are_counted", "layout_is_whole", "layouts_never_change"):
        op.execute(f"DROP FUNCTION {function}()")
    op.execute("DROP SEQUENCE epoch_ordinals")
