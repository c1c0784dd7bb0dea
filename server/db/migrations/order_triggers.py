"""What triggers hold of orders, as revision 0003 enters it: like the revision, it never changes."""

TRIGGERS = (
    # What was agreed at checkout stays: above all the price and the deadline.
    """
    CREATE FUNCTION what_was_agreed_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (OLD.id, OLD.showtime, OLD.holder, OLD.currency, OLD.amount, OLD.created_at, OLD.expires_at)
            IS DISTINCT FROM
            (NEW.id, NEW.showtime, NEW.holder, NEW.currency, NEW.amount, NEW.created_at, NEW.expires_at)
        THEN
            RAISE EXCEPTION 'what was agreed in an order stays' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER what_was_agreed_stays
        BEFORE UPDATE OF id, showtime, holder, currency, amount, created_at, expires_at ON orders
        FOR EACH ROW EXECUTE FUNCTION what_was_agreed_stays()
    """,
    # Money, what gateways said of it, and the ledger are only ever added to.
    """
    CREATE FUNCTION nothing_is_taken_away() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'what stands in % is never taken away', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER nothing_is_taken_away BEFORE DELETE ON payments
        FOR EACH ROW EXECUTE FUNCTION nothing_is_taken_away()
    """,
    """
    CREATE TRIGGER captured_never_falls BEFORE UPDATE OF captured ON payments
        FOR EACH ROW WHEN (NEW.captured < OLD.captured) EXECUTE FUNCTION nothing_is_taken_away()
    """,
    """
    CREATE TRIGGER nothing_is_taken_away BEFORE DELETE OR UPDATE OF reference, "order", payment, amount ON refunds
        FOR EACH ROW EXECUTE FUNCTION nothing_is_taken_away()
    """,
    """
    CREATE TRIGGER nothing_is_taken_away BEFORE DELETE OR UPDATE OF gateway, kind, raw, received_at ON payment_events
        FOR EACH ROW EXECUTE FUNCTION nothing_is_taken_away()
    """,
    """
    CREATE TRIGGER nothing_is_taken_away BEFORE UPDATE OR DELETE ON seat_ledger
        FOR EACH ROW EXECUTE FUNCTION nothing_is_taken_away()
    """,
    """
    CREATE TRIGGER ledger_is_not_emptied BEFORE TRUNCATE ON seat_ledger
        FOR EACH STATEMENT EXECUTE FUNCTION nothing_is_taken_away()
    """,
    # At each commit: an order has seats, all of them live or none as its state says, and what pays it is enough.
    """
    CREATE FUNCTION order_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        found record;
    BEGIN
        SELECT orders.id, state, amount, count(seat) AS seats, count(seat) FILTER (WHERE live) AS live_seats,
            (SELECT captured FROM payments WHERE "order" = orders.id AND reference = paid_by) AS captured
            INTO found FROM orders LEFT JOIN order_seats ON "order" = orders.id
            WHERE orders.id = NEW.id GROUP BY orders.id;
        IF found.seats = 0 THEN
            RAISE EXCEPTION 'order % has no seats', found.id USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF found.state IN ('open', 'paid', 'review') AND found.live_seats < found.seats
            OR found.state IN ('expired', 'cancelled') AND found.live_seats > 0
        THEN
            RAISE EXCEPTION 'order % is % with % of % seats live', found.id, found.state, found.live_seats, found.seats
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF found.state IN ('paid', 'review') AND found.captured < found.amount THEN
            RAISE EXCEPTION 'order % is % by less than its amount', found.id, found.state
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER order_agrees AFTER INSERT OR UPDATE OF state, paid_by ON orders
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION order_agrees()
    """,
    """
    CREATE FUNCTION seat_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        found record;
    BEGIN
        SELECT state, live INTO found FROM order_seats JOIN orders ON orders.id = "order"
            WHERE "order" = NEW."order" AND seat = NEW.seat;
        IF found.state IN ('open', 'paid', 'review') AND NOT found.live
            OR found.state IN ('expired', 'cancelled') AND found.live
        THEN
            RAISE EXCEPTION 'a seat of order % does not agree with its state %', NEW."order", found.state
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER seat_agrees AFTER INSERT OR UPDATE OF live ON order_seats
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION seat_agrees()
    """,
    # No more goes back than was taken, at each commit.
    """
    CREATE FUNCTION refunds_are_covered() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT sum(amount) FROM refunds
                WHERE "order" = NEW."order" AND payment = NEW.payment AND state <> 'replaced')
            > (SELECT captured FROM payments WHERE "order" = NEW."order" AND reference = NEW.payment)
        THEN
            RAISE EXCEPTION 'more of payment % goes back than was captured', NEW.payment
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER refunds_are_covered AFTER INSERT OR UPDATE OF state ON refunds
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refunds_are_covered()
    """,
)

FUNCTIONS = (
    "refunds_are_covered",
    "seat_agrees",
    "order_agrees",
    "nothing_is_taken_away",
    "what_was_agreed_stays",
)
"""What the triggers call."""
