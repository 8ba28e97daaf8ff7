"""The process that decodes pictures: it sees their bytes and nothing else of the house, within bounds of the kernel.

It is started with nothing in its environment, opens no files, and answers one message after the other
(`image_messages`) until its input ends. Whatever a picture does to a decoder, it does it here.
"""

import os
import resource
import sys
import warnings
from typing import IO, Any, Final

from api.adapters.image_facts import ImageLimits
from api.adapters.image_messages import (
    Ended,
    Message,
    image_as_message,
    print_as_message,
    receive,
    send,
    zone_from_json,
)
from api.adapters.image_refusals import ImageRefused
from api.adapters.image_stamps import stamp
from api.adapters.images import process_image, read_print

MESSAGE_BYTES_MAX: Final = 1 << 30
"""Of one picture; the settings say how large it may be."""


def main() -> None:
    """Answer until the input ends."""
    warnings.simplefilter("ignore")  # decoders warn in the sender's words
    _bound(resource.RLIMIT_CORE, 0)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        # Whatever a library prints would stand between our answers, and be read as one.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        serve(sys.stdin.buffer, answers)


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer one request after the other."""
    while True:
        try:
            head, blobs = receive(requests, MESSAGE_BYTES_MAX)
        except Ended:
            return
        _bound(resource.RLIMIT_AS, head.pop("memory_bytes"))
        spent = resource.getrusage(resource.RUSAGE_SELF)
        _bound(resource.RLIMIT_CPU, int(spent.ru_utime + spent.ru_stime) + 1 + head.pop("cpu_s"))
        send(answers, *_answer(head, blobs))


def _answer(request: dict[str, Any], blobs: list[bytes]) -> Message:
    try:
        return _done(request, blobs)
    except ImageRefused as refusal:
        return {"refused": refusal.code, "detail": str(refusal)}, []
    except MemoryError:
        return {
            "refused": "image_bomb",
            "detail": "decoding it takes more memory than a picture may take",
        }, []


def _done(request: dict[str, Any], blobs: list[bytes]) -> Message:
    (data,) = blobs
    match request["task"]:
        case "process":
            image = process_image(
                data,
                declared_type=request["declared_type"],
                default_zone=zone_from_json(request["zone"]),
                limits=ImageLimits(request["max_bytes"], request["max_pixels"]),
            )
            return image_as_message(image)
        case "print":
            return print_as_message(read_print(data))
        case "stamp":
            return {}, [stamp(data, request["lines"])]
        case other:
            raise ValueError(f"nobody asks for {other}")


def _bound(what: int, most: int) -> None:
    """Set a soft bound, which the next request may set anew."""
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    main()
