"""Bookings through the real neighbours, whose repositories lie beside this one."""

import json
import sys
import threading
import unittest
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from booking.service import build as build_booking

BESIDE = Path(__file__).resolve().parents[2]
MISSING = [name for name in ("slots", "rates") if not (BESIDE / name / name / "service.py").exists()]
DAYS = [f"2026-11-{day}" for day in range(10, 30)]


class Exchange(BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"factor": 1.1}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


@unittest.skipIf(MISSING, f"not checked out beside this repository: {', '.join(MISSING)}")
class WholeDayTest(unittest.TestCase):
    def setUp(self):
        sys.path[:0] = [str(BESIDE / "slots"), str(BESIDE / "rates")]
        from rates.service import build as build_rates
        from slots.service import build as build_slots

        self.servers = []
        exchange = self.run_server(ThreadingHTTPServer(("127.0.0.1", 0), Exchange))
        slots = self.run_server(build_slots(0, {}))
        rates = self.run_server(build_rates(0, {"EXCHANGE_URL": exchange}))
        self.booking = self.run_server(build_booking(0, {"SLOTS_URL": slots, "RATES_URL": rates}))

    def run_server(self, server):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    def tearDown(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def test_a_room_can_be_booked_on_every_day(self):
        refused = [f"{day}: {answer}" for day in DAYS if (answer := self.book(day)) != 201]
        self.assertEqual(refused, [], f"{len(refused)} of {len(DAYS)} bookings failed")

    def book(self, day):
        data = json.dumps({"day": day, "minutes": 60}).encode()
        try:
            with urllib.request.urlopen(f"{self.booking}/bookings", data=data) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return f"{error.code} {error.read().decode()}"


if __name__ == "__main__":
    unittest.main()
