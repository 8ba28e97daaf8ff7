"""Shifts (班次): started, paused, gone on with and stopped, at any hour and past midnight.

A shift is what happened to it, in order of time: a start, pauses that each end or not, and at last a stop, or the end
that the system sets when nobody stopped it. What happened may be told late and out of order, as long as all of it
together makes sense.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from api.domain.errors import ShiftStepRefused
from api.domain.tracks import MS, Spans, to_ms


class ShiftAction(StrEnum):
    """What happens to a shift; `EXPIRE` is the system's alone."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    EXPIRE = "expire"


class ShiftState(StrEnum):
    """How a shift stands."""

    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class ShiftEvent:
    """Something that happened to a shift; the instant is by our clock."""

    action: ShiftAction
    at: datetime


_STEPS: Final[Mapping[tuple[ShiftState | None, ShiftAction], ShiftState]] = MappingProxyType(
    {
        (None, ShiftAction.START): ShiftState.RUNNING,
        (ShiftState.RUNNING, ShiftAction.PAUSE): ShiftState.PAUSED,
        (ShiftState.PAUSED, ShiftAction.RESUME): ShiftState.RUNNING,
        (ShiftState.RUNNING, ShiftAction.STOP): ShiftState.ENDED,
        (ShiftState.PAUSED, ShiftAction.STOP): ShiftState.ENDED,
        (ShiftState.RUNNING, ShiftAction.EXPIRE): ShiftState.ENDED,
        (ShiftState.PAUSED, ShiftAction.EXPIRE): ShiftState.ENDED,
    }
)


@dataclass(frozen=True, slots=True)
class Course:
    """All that happened to a shift, in order of time; raises ShiftStepRefused for what makes no sense."""

    events: tuple[ShiftEvent, ...]

    def __post_init__(self) -> None:
        """Go through it once."""
        _ = self.state

    @property
    def state(self) -> ShiftState:
        """How the shift stands after the last event."""
        state: ShiftState | None = None
        at: datetime | None = None
        for event in self.events:
            after = _STEPS.get((state, event.action))
            if after is None:
                raise ShiftStepRefused(
                    f"A shift that is {state} does not {event.action}.",
                    action=event.action,
                    at=event.at,
                    state=state,
                )
            if at is not None and event.at <= at:
                raise ShiftStepRefused(
                    "Two things happen to a shift at different instants.", action=event.action, at=event.at
                )
            state, at = after, event.at
        if state is None:
            raise ShiftStepRefused("A shift begins with its start.")
        return state

    @property
    def started_at(self) -> datetime:
        """When it began."""
        return self.events[0].at

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, None while it goes on."""
        return self.events[-1].at if self.state is ShiftState.ENDED else None

    def latest_at(self, longest: timedelta) -> datetime:
        """Return when it ends at the latest: where the system ended it, else once it has lasted as long as one may.

        A shift that had begun under a longer limit goes on until the last that was told of it.
        """
        last = self.events[-1]
        if last.action is ShiftAction.EXPIRE:
            return last.at
        return max(self.started_at + longest, last.at + MS)

    def expired(self, at: datetime) -> "Course":
        """Return the course with the end that the system sets when nobody stopped it."""
        return Course((*self.events, ShiftEvent(ShiftAction.EXPIRE, at)))

    def after(self, event: ShiftEvent, longest: timedelta) -> "Course":
        """Return the course with one more event, wherever in time it belongs; the same one again changes nothing.

        A stop later than the shift may last is the system's end at that instant. A stop told late by a phone without
        a network takes the place of the system's end; it moves that back, never on, because by then another shift may
        have begun. Anything else that is told of later than that comes after the end, which it is refused for.
        """
        if event in self.events:
            return self
        latest_at = self.latest_at(longest)
        if event.action is ShiftAction.STOP:
            if event.at > latest_at:
                event = ShiftEvent(ShiftAction.EXPIRE, latest_at)
            if event in self.events:
                return self
            kept = [one for one in self.events if one.action is not ShiftAction.EXPIRE]
        elif self.state is not ShiftState.ENDED and event.at >= latest_at:
            kept = list(self.expired(latest_at).events)
        else:
            kept = list(self.events)
        return Course(tuple(in_order([*kept, event])))

    def off_duty_since(self, at: datetime) -> datetime:
        """Return since when points may turn out to be off duty by what was told of this instant."""
        earlier = [event for event in self.events if event.at < at]
        return earlier[-1].at if earlier and earlier[-1].action is ShiftAction.PAUSE else at

    def spans(self, longest: timedelta) -> Spans:
        """Return the time on duty, pauses left away, in milliseconds; of one that goes on as far as it may last."""
        latest_ms = to_ms(self.latest_at(longest))
        found: list[tuple[int, int]] = []
        begun: int | None = None
        for event in self.events:
            at_ms = to_ms(event.at)
            if event.action in {ShiftAction.START, ShiftAction.RESUME}:
                begun = at_ms
            elif begun is not None:
                found.append((begun, at_ms))
                begun = None
        if begun is not None:
            found.append((begun, latest_ms))
        return [(start, stop) for start, stop in found if start < stop]

    def duty(self, longest: timedelta, now: datetime) -> timedelta:
        """Return how long somebody was on duty until now."""
        now_ms = to_ms(now)
        total = sum(max(0, min(stop, now_ms) - start) for start, stop in self.spans(longest))
        return timedelta(milliseconds=total)


def in_order(events: Iterable[ShiftEvent]) -> Sequence[ShiftEvent]:
    """Return events in order of time."""
    return sorted(events, key=lambda event: event.at)
