import threading
import unittest
import urllib.error
import urllib.request

from booking.service import build


class ServiceTest(unittest.TestCase):
    def setUp(self):
        nowhere = "http://127.0.0.1:9"
        self.server = build(0, {"SLOTS_URL": nowhere, "RATES_URL": nowhere})
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    def test_a_booking_without_a_day_is_refused(self):
        url = f"http://127.0.0.1:{self.server.server_address[1]}/bookings"
        with self.assertRaises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(urllib.request.Request(url, data=b"{}", method="POST"))
        self.assertEqual(caught.exception.code, 400)
