import unittest

from rates.calendar import is_weekend, read_day


class CalendarTest(unittest.TestCase):
    def test_saturday_is_weekend(self):
        self.assertTrue(is_weekend(read_day("2026-11-21")))

    def test_tuesday_is_not(self):
        self.assertFalse(is_weekend(read_day("2026-11-24")))
