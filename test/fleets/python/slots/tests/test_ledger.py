import unittest

from slots.deadline import Deadline
from slots.ledger import Ledger


class LedgerTest(unittest.TestCase):
    def test_a_day_has_free_slots_within_opening_hours(self):
        free = Ledger(rooms=6, readers=2).free("2026-11-24", 60, Deadline(5))
        self.assertTrue(free)
        self.assertTrue(all(8 <= hour < 18 for _, hour in free))
