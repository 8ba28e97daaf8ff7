"""What goes between us and the process that decodes pictures: a JSON object and some bytes behind it.

JSON rather than pickle: that process reads hostile files, and whoever took it over must not get any further.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from typing import IO, Any, Final
from zoneinfo import ZoneInfo

from api.adapters import image_refusals
from api.adapters.image_facts import ImageFacts, ProcessedImage
from api.adapters.image_refusals import ImageRefused
from api.domain.geo import Place
from api.domain.pictures import SKETCH_BYTES, PicturePrint

_LENGTH: Final = struct.Struct(">I")
HEAD_BYTES_MAX: Final = 64 * 1024
"""Of the JSON object; facts about a picture are a few hundred bytes."""

REFUSALS: Final[Mapping[str, type[ImageRefused]]] = {
    kind.code: kind
    for kind in vars(image_refusals).values()
    if isinstance(kind, type) and issubclass(kind, ImageRefused)
}

Message = tuple[dict[str, Any], list[bytes]]


class Ended(Exception):  # noqa: N818  the other side went away, which is no error of its own
    """The other side ended, or says what nobody of ours would say; nothing can be read from it any more."""


def send(stream: IO[bytes], head: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> None:
    """Write a message."""
    text = json.dumps({**head, "lengths": [len(blob) for blob in blobs]}).encode()
    stream.write(_LENGTH.pack(len(text)) + text)
    for blob in blobs:
        stream.write(blob)
    stream.flush()


def receive(stream: IO[bytes], most: int) -> Message:
    """Read a message with at most `most` bytes behind its JSON; raises Ended."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if length > HEAD_BYTES_MAX:
        raise Ended("a message is longer than any of ours")
    head, lengths = _head(_exactly(stream, length))
    if sum(lengths) > most:
        raise Ended("a message is longer than any of ours")
    return head, [_exactly(stream, size) for size in lengths]


def _head(text: bytes) -> tuple[dict[str, Any], list[int]]:
    try:
        head: dict[str, Any] = json.loads(text)
        lengths = [_length(one) for one in head.pop("lengths")]
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise Ended("a message is none of ours") from error
    return head, lengths


def _length(told: object) -> int:
    if type(told) is not int or told < 0:
        raise ValueError("no length of anything")
    return told


def _exactly(stream: IO[bytes], size: int) -> bytes:
    content = stream.read(size)
    if len(content) != size:
        raise Ended("the other side went away")
    return content


def zone_as_json(zone: tzinfo) -> str | float:
    """Return a zone by its name, or by its offset in seconds where it has none."""
    if isinstance(zone, ZoneInfo):
        return zone.key
    offset = zone.utcoffset(None)
    assert offset is not None, "a zone without a name has an offset"  # noqa: S101  ours, not the sender's
    return offset.total_seconds()


def zone_from_json(written: str | float) -> tzinfo:
    """Read a zone back."""
    if isinstance(written, str):
        return ZoneInfo(written)
    return timezone(timedelta(seconds=written))


def image_as_message(image: ProcessedImage) -> Message:
    """Return facts, copies and print of a picture as they are sent."""
    facts = image.facts
    names = set(ImageFacts.__slots__) - {"taken_at", "place"}
    head = {name: getattr(facts, name) for name in names}
    head["taken_at"] = facts.taken_at.isoformat() if facts.taken_at else None
    head["place"] = [facts.place.longitude, facts.place.latitude] if facts.place else None
    head |= {"phash": image.print.phash}
    return head, [image.thumb, image.screen, image.print.sketch or b""]


def image_from_message(message: Message) -> ProcessedImage:
    """Read them back; raises Ended for what can't be that."""
    try:
        head, (thumb, screen, sketch) = message
        found = _print(head.pop("phash"), sketch)
        taken_at, place = head.pop("taken_at"), head.pop("place")
        facts = ImageFacts(
            **head,
            taken_at=datetime.fromisoformat(taken_at) if taken_at else None,
            place=Place(*place) if place else None,
        )
    except (ValueError, TypeError, KeyError) as error:
        raise Ended("an answer is none of ours") from error
    return ProcessedImage(facts, thumb, screen, found)


def print_as_message(found: PicturePrint) -> Message:
    """Return a print as it is sent."""
    return {"phash": found.phash}, [found.sketch or b""]


def print_from_message(message: Message) -> PicturePrint:
    """Read it back; raises Ended for what can't be that."""
    try:
        head, (sketch,) = message
        return _print(head["phash"], sketch)
    except (ValueError, KeyError) as error:
        raise Ended("an answer is none of ours") from error


def _print(phash: object, sketch: bytes) -> PicturePrint:
    """Return a print, of which the database takes any number and any bytes, and comparing does not."""
    if phash is None and not sketch:
        return PicturePrint(None, None)
    if type(phash) is not int or not -(2**63) <= phash < 2**63 or len(sketch) != SKETCH_BYTES:
        raise ValueError("no print of a picture")
    return PicturePrint(phash, sketch)
