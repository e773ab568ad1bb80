"""Routes of booking."""

import itertools
import json
import logging
from collections import OrderedDict
from pathlib import Path

from .neighbours import Neighbour
from .web import Refused, make_server

log = logging.getLogger("booking")


def build(port, environment):
    config = json.loads(Path(__file__).parent.with_name("config.json").read_text())
    slots = Neighbour("slots", environment["SLOTS_URL"], config["slots_wait_seconds"])
    rates = Neighbour("rates", environment["RATES_URL"], config["rates_wait_seconds"])
    numbers = itertools.count(1)
    bookings = OrderedDict()

    def book(query, body, headers):
        if not body or "day" not in body:
            raise Refused(400, "day is missing")
        wish = {"day": body["day"], "minutes": body.get("minutes", 60)}
        request_id = headers["X-Request-Id"]
        free = slots.get("/slots", wish, request_id)["slots"]
        if not free:
            raise Refused(409, "nothing is free on that day")
        rate = rates.get("/rates", {**wish, "currency": body.get("currency", "EUR")}, request_id)
        booking = {"id": next(numbers), **wish, **free[0], **rate}
        bookings[booking["id"]] = booking
        while len(bookings) > config["remembered"]:
            bookings.popitem(last=False)
        log.info("booked room %d on %s request=%s", booking["room"], booking["day"], request_id)
        return 201, booking

    def count(query, body, headers):
        return 200, {"bookings": len(bookings)}

    return make_server("booking", port, {"POST /bookings": book, "GET /bookings": count})
