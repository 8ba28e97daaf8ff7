"""What a process writes to standard error: one line for each event, from the chosen level on."""

import logging

import structlog

from api.settings import Settings


def configure_logs(settings: Settings) -> None:
    """Give our own events and those of the libraries the same threshold."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    logging.basicConfig(
        level=max(level, logging.INFO), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("procrastinate").setLevel(max(level, logging.WARNING))  # it reports each job as info
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))
