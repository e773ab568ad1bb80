"""The outside provider of exchange rates."""

import json
import logging
import urllib.error
import urllib.request

from .web import Refused

log = logging.getLogger("exchange")


def fetch_factor(address, currency, timeout):
    """How much of `currency` one euro buys."""
    try:
        with urllib.request.urlopen(f"{address}/latest?to={currency}", timeout=timeout) as answer:
            return float(json.load(answer)["factor"])
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise Refused(422, f"no such currency: {currency}") from error
        log.error("%s answered %d for %s", address, error.code, currency)
        raise Refused(502, "exchange rates are not available") from error
    except OSError as error:
        log.error("cannot reach %s for %s: %s", address, currency, error)
        raise Refused(502, "exchange rates are not available") from error
