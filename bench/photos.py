"""How long a phone's photo takes from its bytes to facts, print and all three copies, on one core.

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

from api.adapters.image_stamps import stamp
from api.adapters.images import ProcessedImage, process_image

TARGET_S = 0.6
SIZE = (4032, 3024)
LINES = (
    "案卷号 E0406-20261122-000123 占道经营",
    "拍摄时间 2026-11-22 09:31:05",
    "网格 人民路社区第一网格 990101001001001",
    "地点 人民路32号门前 116.40400, 39.91500",
    "网格员 A0032",
)


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
    plain: list[float] = []
    done: ProcessedImage | None = None
    stamped = b""
    for _ in range(rounds):
        before = time.process_time()
        Image.open(BytesIO(data)).load()
        plain.append(time.process_time() - before)
        wall, processor = time.perf_counter(), time.process_time()
        done = process_image(data, declared_type="image/jpeg", default_zone=UTC)
        stamped = stamp(done.screen, LINES)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    assert done is not None  # noqa: S101  at least one round
    print(
        f"{name:<12} {len(data) / 1e6:5.1f} MB -> screen {len(done.screen) / 1e3:4.0f} kB,"
        f" thumb {len(done.thumb) / 1e3:3.0f} kB, watermarked {len(stamped) / 1e3:4.0f} kB;"
        f" wall min {min(walls):.3f} s, median {statistics.median(walls):.3f} s;"
        f" processor min {min(processors):.3f} s, median {statistics.median(processors):.3f} s"
        f", {statistics.median(processors) / statistics.median(plain):.1f} times a plain decoding at full size"
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
