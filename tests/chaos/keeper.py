"""The private PostgreSQL of the chaos test as a process of its own, that can be killed and started again.

`python -m tests.chaos.keeper HOME [--hasty]` prints the application's URL when the cluster is ready, and stops the
cluster when its standard input ends: so also when the test that started it was killed.
"""

import sys
from pathlib import Path

from sqlalchemy.engine import make_url

from api.adapters.embedded import private_cluster

DATABASE = "gridpatrol"


def main() -> None:
    """Run the cluster; hastily (without fsync) only while nothing in it matters."""
    home = Path(sys.argv[1])
    with private_cluster(home, "the chaos test", durable="--hasty" not in sys.argv) as cluster:
        # Each start has a socket folder of its own; this link always leads there.
        link = {"host": str(home / "postgres" / "sockets"), "port": "5432"}
        url = make_url(cluster.create_database(DATABASE)).set(query=link)
        print(url.render_as_string(hide_password=False), flush=True)  # noqa: T201  a program's answer
        sys.stdin.read()


if __name__ == "__main__":
    main()
