"""Prints of pictures: what they are known again by."""

import imagehash
from PIL import Image

from api.domain.pictures import SKETCH_SIDE, PicturePrint

FEATURELESS = 3.0
"""Spread of grey values below which there is nothing to be seen. The hash of a bare wall is made of its noise."""


def print_of(picture: Image.Image) -> PicturePrint:
    """Return the print of an upright picture.

    The hash is that of imagehash: of the 8 x 8 lowest frequencies of the picture, which is greater than their median
    (Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions").
    """
    grey = picture.convert("L")
    sketch = grey.resize((SKETCH_SIDE, SKETCH_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    # The variance would do, but Pillow has the histogram at hand.
    histogram = sketch.histogram()
    count = SKETCH_SIDE * SKETCH_SIDE
    mean = sum(value * number for value, number in enumerate(histogram)) / count
    variance = sum((value - mean) ** 2 * number for value, number in enumerate(histogram)) / count
    if variance < FEATURELESS**2:
        return PicturePrint(None, None)
    bits = int(str(imagehash.phash(grey)), 16)
    return PicturePrint(int.from_bytes(bits.to_bytes(8), signed=True), sketch.tobytes())
