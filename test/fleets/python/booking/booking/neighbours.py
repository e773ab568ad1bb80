"""Calls to slots and rates."""

import json
import logging
import socket
import urllib.error
import urllib.request
from urllib.parse import urlencode

from .web import Refused

log = logging.getLogger("neighbours")


class Neighbour:
    def __init__(self, name, address, wait_seconds):
        self._name = name
        self._address = address
        self._wait_seconds = wait_seconds

    def get(self, path, query, request_id):
        """The neighbour's answer; it is told how long we wait. Raises Refused with 502 when there is none."""
        request = urllib.request.Request(
            f"{self._address}{path}?{urlencode(query)}",
            headers={"X-Request-Id": request_id, "X-Deadline-Ms": str(int(self._wait_seconds * 1000))},
        )
        try:
            with urllib.request.urlopen(request, timeout=self._wait_seconds) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 422:
                raise Refused(422, json.load(error)["error"]) from error
            log.error("%s answered %d request=%s", self._name, error.code, request_id)
        except (OSError, socket.timeout) as error:
            log.error("no answer from %s: %s request=%s", self._name, error, request_id)
        raise Refused(502, f"{self._name} is not available")
