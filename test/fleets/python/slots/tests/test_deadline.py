import unittest

from slots.deadline import Deadline


class DeadlineTest(unittest.TestCase):
    def test_nobody_waits_longer_than_they_said(self):
        self.assertLessEqual(Deadline.from_header("800").left(), 0.8)

    def test_without_a_header_there_is_time(self):
        Deadline.from_header(None).check("anything")

    def test_work_is_given_up_when_the_time_is_over(self):
        now = [0.0]
        deadline = Deadline.from_header("800", clock=lambda: now[0])
        now[0] = 0.9
        with self.assertRaises(TimeoutError):
            deadline.check("anything")
