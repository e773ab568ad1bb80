"""Which days are dearer."""

from datetime import date


def read_day(text):
    """Days travel as ISO 8601."""
    return date.fromisoformat(text)


def is_weekend(day):
    return day.weekday() >= 5
