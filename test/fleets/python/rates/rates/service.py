"""Routes of rates."""

import json
import logging
from pathlib import Path

from .calendar import is_weekend, read_day
from .exchange import fetch_factor
from .web import Refused, make_server

log = logging.getLogger("rates")


def build(port, environment):
    config = json.loads(Path(__file__).parent.with_name("config.json").read_text())

    def quote(query, body, headers):
        if "day" not in query:
            raise Refused(400, "day is missing")
        day = read_day(query["day"])
        currency = query.get("currency", "EUR")
        factor = fetch_factor(environment["EXCHANGE_URL"], currency, config["exchange_timeout_seconds"])
        hours = int(query.get("minutes", 60)) / 60
        price = config["hour_eur"] * hours * factor
        if is_weekend(day):
            price *= config["weekend_factor"]
        return 200, {"price": round(price, 2), "currency": currency}

    return make_server("rates", port, {"GET /rates": quote})
