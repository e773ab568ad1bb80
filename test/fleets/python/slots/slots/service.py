"""Routes of slots."""

import json
import logging
from pathlib import Path

from .deadline import Deadline
from .ledger import Ledger
from .web import Refused, make_server

log = logging.getLogger("slots")


def build(port, environment):
    config = json.loads(Path(__file__).parent.with_name("config.json").read_text())
    ledger = Ledger(config["rooms"], config["readers"])

    def list_slots(query, body, headers):
        if "day" not in query:
            raise Refused(400, "day is missing")
        deadline = Deadline.from_header(headers.get("X-Deadline-Ms"))
        free = ledger.free(query["day"], int(query.get("minutes", 60)), deadline)
        if len(free) < config["few_free"]:
            log.warning("only %d slots left on %s", len(free), query["day"])
        return 200, {"slots": [{"room": room, "hour": hour} for room, hour in free]}

    return make_server("slots", port, {"GET /slots": list_slots})
