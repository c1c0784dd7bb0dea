"""Runs scripts under the epoch of their showtime, as often as it takes, and records what they did."""

from collections.abc import Awaitable
from typing import Final

from protocol.codes import Outcome
from server.domain.errors import UnavailableError
from server.domain.holds import Holder, Once
from server.seats.clock import StoreClock
from server.seats.keys import Keys
from server.seats.link import Argument
from server.seats.opening import Epoch, Opener, decode_answer
from server.seats.pipeline import OtherStoreError, Pipeline
from server.seats.recording import Recorder
from server.seats.replies import Answer, Reply
from server.seats.scripts import READ_ONLY, SHARED, Operation

ATTEMPTS: Final = 3
"""How often a script is sent that was refused, and so changed nothing: by epoch once, by time once."""


class Caller:
    """The one way to a showtime's scripts; `recorder` hears what became of seats."""

    def __init__(self, pipeline: Pipeline, keys: Keys, clock: StoreClock, opener: Opener, recorder: Recorder) -> None:
        self._pipeline = pipeline
        self._keys = keys
        self._clock = clock
        self._opener = opener
        self.recorder = recorder

    async def call(
        self,
        operation: Operation,
        showtime: str,
        *arguments: Argument,
        more_keys: tuple[str, ...] = (),
        order: str | None = None,
        sold: bool = False,
    ) -> tuple[Epoch, Answer]:
        """Run a script under the showtime's epoch; the epoch that it ran under, and its answer, recorded.

        A script that was refused by epoch, by time or for a torn showtime has changed nothing: it is sent again under
        the present epoch, or with the clock learned anew.
        """
        keys: tuple[str, ...] = self._keys.showtime(showtime)
        if operation in SHARED["orders"]:
            keys += self._keys.orders(showtime)
        keys += more_keys
        changes = operation not in READ_ONLY
        for _ in range(ATTEMPTS):
            epoch = await self._opener.epoch(showtime)
            try:
                reply = await self._pipeline.script(
                    operation, keys, epoch.epoch, epoch.identity, *arguments, changes=changes
                )
            except OtherStoreError:
                await self._opener.renew(showtime, epoch)
                continue
            answer = decode_answer(reply)
            self._clock.learn(answer.now)
            if answer.code in {Reply.STALE_EPOCH, Reply.TORN}:
                await self._opener.renew(showtime, epoch, torn=answer.code == Reply.TORN)
            elif answer.code != Reply.TOO_LATE:
                self.recorder.happened(operation, showtime, epoch.epoch, answer, order=order, sold=sold)
                return epoch, answer
        raise UnavailableError(Outcome.NONE)

    def call_once(
        self, operation: Operation, showtime: str, holder: Holder, once: Once | None, *arguments: Argument
    ) -> Awaitable[tuple[Epoch, Answer]]:
        """As `call`; with `once` the script looks for the answer that the key got before, and keeps its own."""
        if once is None:
            return self.call(operation, showtime, *arguments, "", "")
        name = f"{operation}:{once.key}"
        key = self._keys.once(showtime, holder.id)
        return self.call(operation, showtime, *arguments, name, once.body_hash, more_keys=(key,))
