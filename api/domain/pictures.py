"""What a picture looks like, small enough to be kept and compared: pure functions of two prints.

A print is a perceptual hash, by which the same picture is found among millions, and a sketch of 64 x 64 grey
values, by which two pictures are laid over each other. Two questions are asked of sketches:

* `compare_frames`: how much of one picture is the very same in the other, place by place? A picture that was
  re-encoded, brightened or partly painted over has nearly all of it in common; one that was taken again, from
  however near the same spot, next to nothing, because no two shots lie over each other to the pixel.
* `find_cutting`: is one picture a part cut out of the other?

Both allow for another brightness and contrast: the tones are fitted first. What is the same is counted in tiles of
which there is something to be seen; sky and bare walls prove nothing.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

Grey: TypeAlias = npt.NDArray[np.floating[Any]]
"""Grey values, 0 to 255."""

SKETCH_SIDE: Final = 64
SKETCH_BYTES: Final = SKETCH_SIDE * SKETCH_SIDE
HASH_BITS: Final = 64
BAND_BITS: Final = 16
BANDS: Final = HASH_BITS // BAND_BITS
FOUND_BITS: Final = 2 * BANDS - 1
"""Hashes that differ in so many bits at most are found by `probes`: one of the four bands then differs in one bit."""

FRAME_SHARE: Final = 0.4
"""So much of two pictures in common makes them one shot. Measured on drawn streets (`python -m bench prints`): edited
ones have 0.5 and more in common, those taken again at most 0.1."""
WHOLE_SHARE: Final = 0.95
"""So much in common: nothing was changed but tones and file."""
CUT_SHARE: Final = 0.7
CUT_CORRELATION: Final = 0.85
_CUT_SIDES: Final = tuple(float(side) for side in np.arange(0.5, 1.0, 0.025))

_TILES: Final = 8
_EQUAL: Final = 5.0
"""Grey values by which equal tiles differ: what JPEG, and scaling down, leave of a difference."""
_EQUAL_CUT: Final = 3.5
"""The same for a part, which is fitted into its whole: what fits only nearly would pass as the same otherwise."""
_STRUCTURE: Final = 4.0
"""Spread of grey values from which there is something to be seen in a tile."""
_DARK, _BRIGHT = 6.0, 235.0
"""Beyond these tones are cut off, at least in a part of what a value stands for, and say nothing any more."""
_SEEN: Final = 0.3
"""Share of a picture that must not be cut off."""
_GAIN_MIN, _GAIN_MAX = 0.3, 2.0
"""What is brightened is brightened with its faults, and may differ by more."""
_COARSE = 32
_FINE = 48
_UNSIGNED: Final = (1 << HASH_BITS) - 1
_BAND: Final = (1 << BAND_BITS) - 1


@dataclass(frozen=True, slots=True)
class PicturePrint:
    """How a picture is known again. Both are None for a picture without anything to be seen (a wall, the dark)."""

    phash: int | None
    """64 bits as a signed number, as the database keeps it."""
    sketch: bytes | None
    """64 rows of 64 grey values."""


@dataclass(frozen=True, slots=True)
class FrameMatch:
    """How much of what is to be seen in two pictures is the same, 0 to 1."""

    share: float
    is_turned: bool = False
    """One of them had to be mirrored or turned for that."""

    @property
    def is_one_shot(self) -> bool:
        """Tell whether both come from one shot, perhaps with something painted over."""
        return self.share >= FRAME_SHARE

    @property
    def percent(self) -> int:
        """The share in percent, as people are told."""
        return round(100 * self.share)

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing was changed but tones and file."""
        return self.share >= WHOLE_SHARE


def distance_bits(one: int, other: int) -> int:
    """Return in how many of 64 bits two hashes differ."""
    return ((one ^ other) & _UNSIGNED).bit_count()


def bands(phash: int) -> tuple[int, ...]:
    """Return the four bands of 16 bits of a hash, the highest first."""
    bits = phash & _UNSIGNED
    return tuple(bits >> shift & _BAND for shift in range(HASH_BITS - BAND_BITS, -1, -BAND_BITS))


def probes(phash: int) -> tuple[tuple[int, ...], ...]:
    """Return for each band the values by which similar hashes are looked up: its own, and those one bit away.

    Every hash at most `FOUND_BITS` away has one of these values in one of its bands (the pigeonhole principle:
    eight differing bits would be needed for two in each).
    """
    return tuple((band, *(band ^ 1 << bit for bit in range(BAND_BITS))) for band in bands(phash))


def compare_frames(one: bytes, other: bytes) -> FrameMatch:
    """Lay two sketches over each other: as they are, else mirrored or turned by right angles as they fit best."""
    first, second = _grey(one), _grey(other)
    straight = FrameMatch(_equal_share(first, second, _EQUAL))
    if straight.is_one_shot:
        return straight
    turned = max(_turns(second), key=lambda way: float((first * way).sum()))
    found = FrameMatch(_equal_share(first, turned, _EQUAL), is_turned=True)
    return found if found.is_one_shot else straight


def _turns(picture: Grey) -> list[Grey]:
    """Return a square picture in the seven other ways in which it can lie."""
    mirrored = picture[:, ::-1]
    return [np.rot90(way, turn) for way in (picture, mirrored) for turn in range(4)][1:]


def find_cutting(whole: bytes, part: bytes) -> float:
    """Return how much of `part` is the same where it fits best into `whole`; 0 when it fits nowhere.

    Parts with half the side length and more are found, if they kept their proportions roughly.
    """
    around, piece = _grey(whole), _grey(part)
    correlation, box = _best_window(around, piece)
    if correlation < CUT_CORRELATION:
        return 0.0
    window = _refined(around, _resized(piece, _FINE), box)
    return _equal_share(window, _resized(piece, _FINE), _EQUAL_CUT)


def _grey(sketch: bytes) -> Grey:
    return np.frombuffer(sketch, np.uint8).reshape(SKETCH_SIDE, SKETCH_SIDE).astype(np.float32)


def _equal_share(one: Grey, other: Grey, equal: float) -> float:
    """Return the share of tiles that are the same, of those in which there is something to be seen in either."""
    told = (one > _DARK) & (one < _BRIGHT) & (other > _DARK) & (other < _BRIGHT)
    if told.mean() < _SEEN:
        return 0.0
    gain, offset = _tones(one[told], other[told])
    difference = np.where(told, gain * one + offset - other, 0) ** 2
    count = _tiled(told.astype(np.float32)).sum(axis=1)
    scale = min(max(abs(gain), _GAIN_MIN), _GAIN_MAX)
    error = np.sqrt(_tiled(difference).sum(axis=1) / np.maximum(count, 1)) / scale
    structured = (_tiled(one).std(axis=1) > _STRUCTURE) | (_tiled(other).std(axis=1) / scale > _STRUCTURE)
    telling = structured & (count > _tiled(one).shape[1] / 2)
    return float((telling & (error <= equal)).sum() / max(1, int(telling.sum())))


def _tones(one: Grey, other: Grey) -> tuple[float, float]:
    """Return gain and offset that turn the tones of one picture into the other's, where they show the same."""
    kept = np.ones_like(one, dtype=bool)
    gain, offset = 1.0, 0.0
    for _ in range(4):  # each time without what fitted worst: that is what was painted over
        spread = float(one[kept].var())
        if spread < 1:
            break
        from_mean = one[kept] - one[kept].mean()
        gain = float((from_mean * (other[kept] - other[kept].mean())).mean()) / spread
        offset = float(other[kept].mean() - gain * one[kept].mean())
        error = np.abs(gain * one + offset - other)
        kept = error <= max(2.5 * float(np.median(error)), 2.0)
    return gain, offset


def _tiled(picture: Grey) -> Grey:
    """Return the values of each of the 8 x 8 tiles as a row."""
    side = picture.shape[0] // _TILES
    return picture.reshape(_TILES, side, _TILES, side).swapaxes(1, 2).reshape(_TILES * _TILES, -1)


_Box: TypeAlias = tuple[float, float, float, float]
"""Left, upper, right and lower edge in a sketch."""


def _best_window(around: Grey, piece: Grey) -> tuple[float, _Box]:
    """Find the square window that correlates best with the piece, at half the sketch's resolution."""
    size = 2 * _COARSE
    base = _resized(around, _COARSE)
    base = base - base.mean()
    spectrum, squares = np.fft.rfft2(base, (size, size)), np.fft.rfft2(base * base, (size, size))
    best: tuple[float, _Box] = (0.0, (0.0, 0.0, float(SKETCH_SIDE), float(SKETCH_SIDE)))
    for share in _CUT_SIDES:
        side = round(_COARSE * share)
        pattern = _resized(piece, side)
        pattern = pattern - pattern.mean()
        norm = float(np.sqrt((pattern * pattern).sum()))
        if norm < 1:
            continue
        places = _COARSE - side + 1
        ones = np.conj(np.fft.rfft2(np.ones((side, side)), (size, size)))

        def slid(product: npt.NDArray[np.complex128], places: int = places) -> npt.NDArray[np.float64]:
            return np.fft.irfft2(product, (size, size))[:places, :places]

        sums, powers = slid(spectrum * ones), slid(squares * ones)
        spread = np.sqrt(np.maximum(powers - sums * sums / (side * side), 1e-3))
        correlation = slid(spectrum * np.conj(np.fft.rfft2(pattern, (size, size)))) / (spread * norm)
        row, column = divmod(int(correlation.argmax()), places)
        if correlation[row, column] > best[0]:
            left, upper, width = 2.0 * column, 2.0 * row, 2.0 * side
            best = float(correlation[row, column]), (left, upper, left + width, upper + width)
    return best


_MOVES: Final = (
    (1, 0, 1, 0),
    (0, 1, 0, 1),
    (1, 0, 0, 0),
    (0, 1, 0, 0),
    (0, 0, 1, 0),
    (0, 0, 0, 1),
    (1, 1, -1, -1),
)
"""How a window's edges are moved to fit better: along, sideways, one edge alone, all inwards."""


def _refined(around: Grey, piece: Grey, box: _Box) -> Grey:
    """Move the window's edges by ever smaller steps, down to an eighth of a sketch's pixel; return what is in it."""
    fit, window = _fit(around, piece, box)
    for step in (1.0, 0.5, 0.25, 0.125):
        has_moved = True
        rounds = 0
        while has_moved and rounds < 6:  # noqa: PLR2004  it settles in two or three
            has_moved, rounds = False, rounds + 1
            for move in _MOVES:
                for by in (step, -step):
                    left, upper, right, lower = (edge + by * way for edge, way in zip(box, move, strict=True))
                    moved = (left, upper, right, lower)
                    if not _is_inside(moved):
                        continue
                    better, seen = _fit(around, piece, moved)
                    if better > fit + 1e-6:
                        fit, window, box, has_moved = better, seen, moved, True
    return window


def _is_inside(box: _Box) -> bool:
    left, upper, right, lower = box
    narrowest = SKETCH_SIDE / 4
    return (
        min(left, upper) >= 0
        and max(right, lower) <= SKETCH_SIDE
        and right - left >= narrowest
        and lower - upper >= narrowest
    )


def _fit(around: Grey, piece: Grey, box: _Box) -> tuple[float, Grey]:
    left, upper, right, lower = box
    window = _weights(upper, lower, SKETCH_SIDE, _FINE) @ around @ _weights(left, right, SKETCH_SIDE, _FINE).T
    one, other = window - window.mean(), piece - piece.mean()
    norm = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / max(norm, 1e-6), window


def _resized(picture: Grey, side: int) -> Grey:
    weights = _weights(0.0, float(picture.shape[0]), picture.shape[0], side)
    return weights @ picture @ weights.T


def _weights(start: float, end: float, length: int, side: int) -> Grey:
    """Return the weights that sample `side` values from `start` to `end` of `length` ones, linearly between them.

    Each value takes in its whole share of the stretch, so that scaling down loses no detail between the samples.
    """
    scale = (end - start) / side
    reach = max(scale, 1.0)
    centres = start + (np.arange(side, dtype=np.float32) + 0.5) * scale
    apart = np.abs(np.arange(length, dtype=np.float32) + 0.5 - centres[:, None]) / reach
    weights = np.maximum(1.0 - apart, 0.0).astype(np.float32)
    return weights / weights.sum(axis=1, keepdims=True)
