"""Brings the outbox to the server: batches of items, photos, and what waits there."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from gridphone.answers import Cut, Problem
from gridphone.backoff import pause_s
from gridphone.exchange import Exchange
from gridphone.items import OutboxItem
from gridphone.outbox import Outbox
from gridphone.patrol import Patrol
from gridphone.photos import PhotoFolder
from gridphone.service import Service
from gridphone.store import Store
from gridphone.uploads import Uploads

_DONE_NOW, _DONE_BEFORE, _WAITS, _FAULT = 201, 200, 202, 500
_TOO_LARGE = 413

_PASSING = {"photo_unknown", "time_in_future", "not_configured", "past_calendar_horizon", "too_many_uploads"}
"""Refusals that pass: by themselves, or when the office mends something. Such an item is tried again later."""


class Delivery:
    """Sends what one phone holds."""

    def __init__(
        self,
        store: Store,
        outbox: Outbox,
        photos: PhotoFolder,
        patrol: Patrol,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._photos = photos
        self._patrol = patrol
        self._clock = clock
        self._uploads = Uploads(outbox, photos)

    async def send(self, service: Service, done: Exchange) -> None:
        """Send everything that can go now.

        A Cut ends it anywhere; the next round sends the rest, and once more what had no answer.
        """
        await self._send_all(service, done)
        if await self._ask_for_waiting(service):
            await self._send_all(service, done)

    async def _send_all(self, service: Service, done: Exchange) -> None:
        while True:
            self._patrol.gather()
            if batch := self._outbox.take_batch(self._clock()):
                await self._send_batch(service, batch, done)
            elif photo := self._outbox.next_photo(self._clock()):
                await self._send_photo(service, photo, done)
            elif alone := self._outbox.next_alone(self._clock()):
                await self._send_alone(service, alone, done)
            else:
                return

    async def _send_batch(self, service: Service, batch: Sequence[OutboxItem], done: Exchange) -> None:
        try:
            answer = await service.sync([item.as_sent() for item in batch], self._clock())
        except Problem as problem:
            if problem.status != _TOO_LARGE:
                raise
            # This server takes less at once than others do.
            if len(batch) == 1:
                self._refuse(batch[0], problem.facts, done)
                return
            middle = len(batch) // 2
            await self._send_batch(service, batch[:middle], done)
            await self._send_batch(service, batch[middle:], done)
            return
        done.skew_s = answer["clock"]["skew_s"]
        with self._store.transaction():
            for item, result in zip(batch, answer["results"], strict=True):
                self._note(item, result, done)
        for item, result in zip(batch, answer["results"], strict=True):
            if item.kind == "photo" and _is_stored(result):
                self._photos.drop(item.id)  # after the commit: a picture too many does no harm

    def _note(self, item: OutboxItem, result: dict[str, Any], done: Exchange) -> None:
        """Write down what became of an item. Only this, `_send_photo` and `_send_alone` ever say "stored"."""
        status, body, problem = result["status"], result["body"], result["problem"]
        if status in (_DONE_NOW, _DONE_BEFORE):
            if item.kind == "photo" and not _is_stored(result):
                self._outbox.announce(item.id)
                return
            ticket = body.get("ticket")
            if item.kind == "shift":
                self._patrol.note_taken(item)
            self._outbox.confirm(item.id, self._clock(), ticket["version"] if ticket else None)
            done.stored += 1
        elif status == _WAITS:
            self._outbox.let_wait(item.id)
        elif status >= _FAULT or problem["code"] in _PASSING or self._outbox.is_before_its_start(item):
            self._postpone(item, problem)
        else:
            self._refuse(item, problem, done)

    async def _send_photo(self, service: Service, photo: OutboxItem, done: Exchange) -> None:
        try:
            await self._uploads.bring(service, photo)
        except FileNotFoundError:
            gone = {"code": "picture_gone", "detail": "The picture is not on the phone any more."}
            self._refuse(photo, gone, done)
        except Problem as problem:
            if problem.code in _PASSING:
                self._postpone(photo, problem.facts)
            else:
                self._refuse(photo, problem.facts, done)
        else:
            self._outbox.confirm(photo.id, self._clock())
            done.stored += 1
            self._photos.drop(photo.id)

    async def _send_alone(self, service: Service, item: OutboxItem, done: Exchange) -> None:
        self._outbox.note_sent(item.id)
        try:
            if item.kind == "track":
                await service.store_track(item.id, item.body, self._clock())
            else:
                await service.give_up_task(item.body)
        except Cut as cut:
            # Not in the next round again: if it is this item that the server can't bear, the tickets still come.
            self._postpone(item, {"code": "no_answer", "detail": str(cut)}, is_answered=False)
            raise
        except Problem as problem:
            if problem.code in _PASSING:
                self._postpone(item, problem.facts)
            else:
                self._refuse(item, problem.facts, done)
        else:
            self._outbox.confirm(item.id, self._clock())
            done.stored += 1

    def _refuse(self, item: OutboxItem, problem: dict[str, Any], done: Exchange) -> None:
        if item.kind == "shift":
            self._patrol.note_refused(item, problem)
        self._outbox.refuse(item.id, problem)
        done.refused += 1

    def _postpone(self, item: OutboxItem, problem: dict[str, Any], *, is_answered: bool = True) -> None:
        until = self._clock() + timedelta(seconds=pause_s(item.tries + 1))
        self._outbox.postpone(item.id, problem, until, is_answered=is_answered)

    async def _ask_for_waiting(self, service: Service) -> bool:
        """Look what became of steps that waited on the server; tell whether some wait no longer.

        The list names what waits and what waited in vain, not what was taken. So whatever does not wait any more is
        sent again: the answer says what became of it, a conflict with all its facts.
        """
        waited = self._outbox.waiting()
        if not waited:
            return False
        listed = await service.waiting()
        over = [one for one in waited if listed.get(str(one), {}).get("state") != "waiting"]
        with self._store.transaction():
            for item_id in over:
                self._outbox.send_again(item_id)
        return bool(over)


def _is_stored(result: dict[str, Any]) -> bool:
    """Tell of a photo's result whether the picture itself is on the server, not only its announcement."""
    return result["status"] in (_DONE_NOW, _DONE_BEFORE) and result["body"]["state"] == "stored"
