# ruff: noqa: INP001, T201 - bin holds scripts, not a package; they tell what they made.
"""Cut the font of the watermark out of Noto Sans CJK: the characters of GB 2312, ASCII and a few signs.

    apt-get download fonts-noto-cjk && dpkg-deb -x fonts-noto-cjk_*.deb noto
    uvx --from fonttools python bin/subset_font.py noto/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc

fonttools is needed for this alone, and only when the font is cut anew; hence it is no dependency.
"""

import subprocess
import sys
from pathlib import Path

FONT = Path(__file__).parents[1] / "api" / "data" / "fonts" / "NotoSansCJKsc-Bold-gb2312.otf"
SIMPLIFIED_CHINESE = 2
"""Its number in the collection."""

SIGNS = "·—–‘’“”…°²³×㎡§©"


def characters() -> str:
    """Return all that the font can write."""
    found = {chr(code) for code in range(0x20, 0x7F)} | {*SIGNS}
    for first in range(0xA1, 0xF8):
        for second in range(0xA1, 0xFF):
            try:
                found.add(bytes((first, second)).decode("gb2312"))
            except UnicodeDecodeError:
                continue  # not every place of the table is taken
    return "".join(sorted(found))


def main() -> None:
    """Write the font."""
    subprocess.run(  # noqa: S603  a tool of ours on a file that its caller names
        [
            sys.executable,
            "-m",
            "fontTools.subset",
            sys.argv[1],
            f"--font-number={SIMPLIFIED_CHINESE}",
            f"--text={characters()}",
            f"--output-file={FONT}",
            "--no-hinting",
            "--desubroutinize",
            "--layout-features=",
            "--name-IDs=*",
            "--notdef-outline",
        ],
        check=True,
    )
    print(f"{FONT.name}: {FONT.stat().st_size / 2**20:.1f} MB")


if __name__ == "__main__":
    main()
