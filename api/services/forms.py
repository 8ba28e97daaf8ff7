"""The forms that ODK Collect fills, kept ready: making one takes tens of milliseconds, asking for it is often."""

import csv
import io
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

import anyio
from anyio import to_thread

from api.adapters.xforms import XForm, file_md5, make_xform
from api.db import ReadSession
from api.domain.access import Viewer
from api.domain.check_forms import check_form
from api.domain.check_in_forms import check_in_form
from api.domain.checkpoint_codes import Way
from api.domain.forms import (
    CHECKPOINTS_CSV,
    NO,
    TICKETS_CSV,
    YES,
    FormDefinition,
    FormKind,
    form_text,
)
from api.domain.lifecycle import State
from api.domain.reference import Reference
from api.domain.report_forms import report_form
from api.queries.openrosa import find_work
from api.queries.posts import find_checkpoints_for
from api.queries.tickets import TicketFacts


def _report(reference: Reference) -> FormDefinition | None:
    conditions = {
        code: reference.conditions_by_category_id.get(row_id, ())
        for code, row_id in reference.category_ids.items()
    }
    return report_form(reference.catalogue.categories.values(), conditions)


DEFINITIONS: Mapping[FormKind, Callable[[Reference], FormDefinition | None]] = MappingProxyType(
    {
        FormKind.REPORT: _report,
        FormKind.CHECK: lambda _: check_form(),
        FormKind.CHECK_IN: lambda _: check_in_form(),
    }
)
"""How each form is made of the reference data; None where it would ask nothing."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form ready to be downloaded."""

    definition: FormDefinition
    xform: XForm


@dataclass(slots=True)
class FormShelf:
    """The forms of one process: made anew when the reference data has changed, and only those that it changed."""

    _version: int | None = None
    _forms: Mapping[FormKind, Form] = field(default_factory=dict[FormKind, Form])
    _lock: anyio.Lock = field(default_factory=anyio.Lock)

    async def at(self, reference: Reference) -> Mapping[FormKind, Form]:
        """Return the forms of these reference data, by id."""
        if self._version != reference.version:
            async with self._lock:
                if self._version != reference.version:
                    self._forms = await to_thread.run_sync(_make, reference, self._forms)
                    self._version = reference.version
        return self._forms


def _make(reference: Reference, before: Mapping[FormKind, Form]) -> Mapping[FormKind, Form]:
    made: dict[FormKind, Form] = {}
    for kind, define in DEFINITIONS.items():
        definition = define(reference)
        if definition is None:
            continue
        kept = before.get(kind)
        if kept is not None and kept.definition.version == definition.version:
            made[kind] = kept
        else:
            made[kind] = Form(definition, make_xform(definition.workbook()))
    return made


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that goes with a form."""

    name: str
    content: bytes
    media_type: str

    @property
    def md5(self) -> str:
        """The hash by which a phone knows whether it has this very file."""
        return file_md5(self.content)


Media = Callable[[ReadSession, Viewer, Reference, datetime], Awaitable[MediaFile]]


async def _tickets(session: ReadSession, viewer: Viewer, reference: Reference, now: datetime) -> MediaFile:
    work = await find_work(session, viewer, reference, now)
    return MediaFile(TICKETS_CSV, _tickets_csv(work, reference).encode(), "text/csv")


def _tickets_csv(work: Iterable[TicketFacts], reference: Reference) -> str:
    """Return tickets as the choices of a form: the columns `name` and `label` are Collect's, the others the form's."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(("name", "label", "task", "version", "proof"))
    for ticket in work:
        condition = (
            reference.condition_by_id(ticket.condition_id) if ticket.condition_id is not None else None
        )
        writer.writerow(
            (
                ticket.id,
                _label(ticket, reference),
                "verification" if ticket.state is State.VERIFYING else "check",
                ticket.version,
                # Where a photo proves nothing (noise, smell) none is asked for, as `domain.evidence` has it.
                YES if condition is None or condition.after_photo else NO,
            )
        )
    return lines.getvalue()


def _label(ticket: TicketFacts, reference: Reference) -> str:
    """Return a ticket in one line, in Chinese: files of choices have one language."""
    due = f"限{ticket.due_at.astimezone(reference.zone):%m-%d %H:%M}" if ticket.due_at is not None else ""
    named = (ticket.number, reference.known_category(ticket.category_id).minor_zh, ticket.address, due)
    return form_text(" · ".join(filter(None, named)))


async def _checkpoints(session: ReadSession, viewer: Viewer, _: Reference, now: datetime) -> MediaFile:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(("name", "label"))
    for checkpoint in await find_checkpoints_for(session, viewer, Way.GEOFENCE, now):
        writer.writerow((checkpoint.code, form_text(f"{checkpoint.name_zh} · {checkpoint.code}")))
    return MediaFile(CHECKPOINTS_CSV, lines.getvalue().encode(), "text/csv")


MEDIA: Mapping[str, Media] = MappingProxyType({TICKETS_CSV: _tickets, CHECKPOINTS_CSV: _checkpoints})
"""How each file that a form may name is made, for whom, and as of when."""
