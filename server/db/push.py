"""Push subscriptions in PostgreSQL."""

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from server.db.engine import reading
from server.db.tables.push import push_subscriptions as table
from server.db.writing import writing
from server.ports.push import MAX_SUBSCRIPTIONS, PushSubscription


class PostgresPushSubscriptions:
    """`PushSubscriptions` on PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, holder: str, subscription: PushSubscription) -> None:
        """Keep it, and forget the holder's oldest beyond the limit; see `PushSubscriptions`."""
        values = {
            "holder": holder,
            "p256dh": subscription.p256dh,
            "auth": subscription.auth,
            "locale": subscription.locale,
            "created_at": func.clock_timestamp(),
        }
        statement = insert(table).values(endpoint=subscription.endpoint, **values)
        newest = (
            select(table.c.endpoint)
            .where(table.c.holder == holder)
            .order_by(table.c.created_at.desc(), table.c.endpoint)
            .limit(MAX_SUBSCRIPTIONS)
        )
        async with writing(self._engine) as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=[table.c.endpoint], set_=values))
            await connection.execute(
                delete(table).where(table.c.holder == holder, table.c.endpoint.not_in(newest.scalar_subquery()))
            )

    async def remove(self, endpoint: str, *, holder: str | None = None) -> None:
        """Forget the endpoint; see `PushSubscriptions`."""
        statement = delete(table).where(table.c.endpoint == endpoint)
        if holder is not None:
            statement = statement.where(table.c.holder == holder)
        async with writing(self._engine) as connection:
            await connection.execute(statement)

    async def of_holder(self, holder: str) -> tuple[PushSubscription, ...]:
        """A holder's subscriptions, oldest first."""
        query = select(table).where(table.c.holder == holder).order_by(table.c.created_at, table.c.endpoint)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        return tuple(
            PushSubscription(endpoint=row.endpoint, p256dh=row.p256dh, auth=row.auth, locale=row.locale) for row in rows
        )
