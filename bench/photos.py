"""How long a phone's photo takes from its bytes to facts and both copies, on one core.

    python -m bench.photos [rounds]

The picture is made here: 12 megapixels of street-like detail, about 4 MB as JPEG. Processor time is printed
beside wall time, because it does not depend on what else the machine is doing.
"""

import statistics
import sys
import time
from datetime import UTC
from io import BytesIO

from PIL import Image

from api.adapters.images import ProcessedImage, process_image

TARGET_S = 0.6
SIZE = (4032, 3024)


def photo(**options: object) -> bytes:
    """Return a JPEG as a phone writes it: soft shapes under fine noise."""
    shapes = Image.effect_noise((63, 48), 90).resize(SIZE, Image.Resampling.BICUBIC)
    grain = Image.effect_noise(SIZE, 24)
    bands = [Image.blend(shapes.transpose(turn), grain, 0.3) for turn in Image.Transpose if turn <= 1]
    picture = Image.merge("RGB", (bands[0], Image.blend(bands[0], bands[1], 0.5), bands[1]))
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=88, **options)  # pyright: ignore[reportArgumentType]  options of one format
    return buffer.getvalue()


def measure(name: str, data: bytes, rounds: int) -> None:
    """Print least and median time of processing `data`."""
    walls: list[float] = []
    processors: list[float] = []
    done: ProcessedImage | None = None
    for _ in range(rounds):
        wall, processor = time.perf_counter(), time.process_time()
        done = process_image(data, declared_type="image/jpeg", default_zone=UTC)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    assert done is not None  # noqa: S101  at least one round
    print(
        f"{name:<12} {len(data) / 1e6:5.1f} MB -> screen {len(done.screen) / 1e3:4.0f} kB,"
        f" thumb {len(done.thumb) / 1e3:3.0f} kB;"
        f" wall min {min(walls):.3f} s, median {statistics.median(walls):.3f} s;"
        f" processor min {min(processors):.3f} s, median {statistics.median(processors):.3f} s"
        f" ({'within' if statistics.median(processors) <= TARGET_S else 'OVER'} {TARGET_S} s)"
    )


def main() -> None:
    """Measure a baseline and a progressive JPEG."""
    rounds = max(1, int(sys.argv[1])) if len(sys.argv) > 1 else 9
    print(f"{SIZE[0]} x {SIZE[1]} px, {rounds} rounds, one thread")
    measure("baseline", photo(), rounds)
    measure("progressive", photo(progressive=True), rounds)


if __name__ == "__main__":
    main()
