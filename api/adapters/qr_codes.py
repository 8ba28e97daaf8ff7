"""QR codes (ISO/IEC 18004) as drawings."""

import segno


def qr_svg(text: str) -> str:
    """Return a code that leads to this address as an SVG element without size, with the quiet zone around it.

    Error correction M or better: a sheet on a wall may lose a seventh of its code to weather and stickers.
    """
    code = segno.make(text, error="m", micro=False)
    return code.svg_inline(border=4, light="#fff", omitsize=True, svgclass=None, lineclass=None)
