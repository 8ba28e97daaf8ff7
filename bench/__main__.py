"""All measurements under one name: `python -m bench [what] [options]`; see bench/README.md."""

import runpy
import sys

from bench import alike, compare, grid_import, hotspots, listeners, recompute, scale, sizes

MEASUREMENTS = {
    "compare": compare.main,
    "scale": scale.main,
    "hotspots": hotspots.main,
    "recompute": recompute.main,
    "grids": grid_import.main,
    "listeners": listeners.main,
    "sizes": sizes.main,
    "alike": alike.main,
}
SCRIPTS = ("deadlines", "dispatch", "locate", "patrol", "photos", "prints", "sync", "tracks")
"""Measurements of single rules, without a database; each is a script of its own."""


def main() -> None:
    """Run what is asked for; by default the comparison of the API with pgbench."""
    what, arguments = "compare", sys.argv[1:]
    if arguments and not arguments[0].startswith("-"):
        what, *arguments = arguments
    if what in MEASUREMENTS:
        MEASUREMENTS[what](arguments)
    elif what in SCRIPTS:
        sys.argv = [what, *arguments]
        runpy.run_module(f"bench.{what}", run_name="__main__")
    else:
        raise SystemExit(
            f"no measurement is called {what!r}; there are {', '.join([*MEASUREMENTS, *SCRIPTS])}"
        )


if __name__ == "__main__":
    main()
