"""What can be refused, in the domain's own words.

Each class is one kind of refusal: its docstring is the title a person reads, `code` is the stable name a
program reads, and `facts` are named values that help the caller to go on (the present state, the allowed
roles ...). `api.problems` maps the classes to HTTP statuses; nothing here knows HTTP.
"""

from collections.abc import Mapping
from typing import ClassVar


class Refusal(Exception):  # noqa: N818  the domain says "refusal", and it is not always an error
    """The request was refused."""

    code: ClassVar[str] = "refused"

    def __init__(self, detail: str, **facts: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts: Mapping[str, object] = facts


class NotSignedIn(Refusal):
    """Sign in first."""

    code = "not_signed_in"


class SignInRefused(Refusal):
    """User name or password is wrong."""

    code = "sign_in_refused"


class TokenRefused(Refusal):
    """The token is not valid, or no longer."""

    code = "token_refused"


class TooManyAttempts(Refusal):
    """Too many failed attempts; wait a little."""

    code = "too_many_attempts"

    def __init__(self, detail: str, *, retry_after_s: int, **facts: object) -> None:
        super().__init__(detail, retry_after_s=retry_after_s, **facts)
        self.retry_after_s = retry_after_s


class RoleNotAllowed(Refusal):
    """This role may not do that."""

    code = "role_not_allowed"


class NotFound(Refusal):
    """Nothing that you may see has this id."""

    code = "not_found"


class IdTaken(Refusal):
    """This id was used before with another content."""

    code = "id_taken"


class VersionConflict(Refusal):
    """Somebody else was faster: it has changed since you read it."""

    code = "version_conflict"


class VersionNeeded(Refusal):
    """Say which version you saw."""

    code = "version_needed"


class StepRefused(Refusal):
    """This step does not exist in the ticket's present state."""

    code = "step_refused"


class NotYourStep(Refusal):
    """Somebody else has to take this step."""

    code = "not_your_step"


class WindowClosed(Refusal):
    """It is too late for this step."""

    code = "window_closed"


class LimitReached(Refusal):
    """This was done as often as the office allows."""

    code = "limit_reached"


class Pinned(Refusal):
    """A ruling made this unit responsible; the ticket can't be returned."""

    code = "pinned"


class EvidenceMissing(Refusal):
    """The step needs evidence that is not there."""

    code = "evidence_missing"


class FieldWrong(Refusal):
    """A field of the request is wrong."""

    code = "field_wrong"

    def __init__(self, pointer: str, code: str, detail: str, **facts: object) -> None:
        """Name the field by its JSON pointer (`/place/longitude`), with a stable `code` of its own."""
        super().__init__(detail, **facts)
        self.pointer = pointer
        self.field_code = code


class Unreadable(Refusal):
    """The request can't be read."""

    code = "unreadable"


class NotJson(Refusal):
    """This address takes JSON."""

    code = "not_json"


class NotMultipart(Refusal):
    """An upload comes as a form with a file in it."""

    code = "not_multipart"


class KeyReused(Refusal):
    """This Idempotency-Key was used before with another request."""

    code = "idempotency_key_reused"


class NotConfigured(Refusal):
    """The office has to complete the configuration first."""

    code = "not_configured"


class UnitInUse(Refusal):
    """This unit still has work, rules or grids."""

    code = "unit_in_use"


class LastAdministrator(Refusal):
    """Nobody else could let people in: this is the last administrator."""

    code = "last_administrator"


class ResyncNeeded(Refusal):
    """The feed can't go on from here: start again without `since`."""

    code = "resync_needed"


class FileLost(Refusal):
    """The file of this photo is missing."""

    code = "file_missing"


class OffsetConflict(Refusal):
    """The upload stands at another offset: go on from there."""

    code = "offset_conflict"

    def __init__(self, detail: str, *, offset: int) -> None:
        """Name the offset up to which all bytes are stored."""
        super().__init__(detail, offset=offset)
        self.offset = offset


class ChecksumMismatch(Refusal):
    """The bytes are not those that the checksum was made of."""

    code = "checksum_mismatch"


class UploadTooLarge(Refusal):
    """These are more bytes than there is room for."""

    code = "upload_too_large"


class TooManyUploads(Refusal):
    """Too many uploads are unfinished."""

    code = "too_many_uploads"


class NotOffsetStream(Refusal):
    """The bytes of an upload come as application/offset+octet-stream."""

    code = "not_offset_stream"


class TusVersionUnsupported(Refusal):
    """Uploads speak tus 1.0.0: send it as Tus-Resumable."""

    code = "tus_version_unsupported"


class ClientTooOld(Refusal):
    """This version of the app is too old: update it."""

    code = "client_too_old"

    def __init__(self, detail: str, *, minimum: str) -> None:
        """Name the oldest version that is still served."""
        super().__init__(detail, minimum=minimum)
        self.minimum = minimum


class DeviceWrong(Refusal):
    """This sign-in belongs to another device."""

    code = "device_wrong"


class WaitCycle(Refusal):
    """These wait for each other and would wait for ever."""

    code = "wait_cycle"


class WaitExpired(Refusal):
    """What this waited for did not come in time."""

    code = "wait_expired"


class AfterRefused(Refusal):
    """What this was made on top of was refused."""

    code = "after_refused"


class OwnSignal(Refusal):
    """A signal is decided by somebody else than the one whose photo or report it is of."""

    code = "own_signal"


class SignalSettled(Refusal):
    """The signal was decided so already."""

    code = "signal_settled"


class ShiftRunning(Refusal):
    """You have a shift that is not over."""

    code = "shift_running"


class ShiftStepRefused(Refusal):
    """The shift can't do this at this moment."""

    code = "shift_step_refused"
