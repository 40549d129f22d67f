"""The clock of this computer, which may stand still or be set to a time zone that there is not."""

from datetime import datetime

from nnfang.errors import ConfigError

RESOLUTION = 1e-9
"""Seconds that a clock tells apart. What took less by the clock, such as 0 by one that stands still, took this long."""


def check_time_zone() -> None:
    """Refuse a time zone with which Python cannot tell the local time.

    Raises:
        ConfigError: It is a day or more from UTC.
    """
    try:
        datetime.now().astimezone()
    except ValueError as error:
        raise ConfigError("a time zone that is a day or more from UTC", origin="environment variable TZ") from error
