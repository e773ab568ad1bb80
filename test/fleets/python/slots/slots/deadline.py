"""Work that nobody waits for any more is given up."""

import time

DEFAULT_SECONDS = 2.0


class Deadline:
    """How long the caller will still wait."""

    def __init__(self, seconds, clock=time.monotonic):
        self._clock = clock
        self._ends = clock() + seconds

    @classmethod
    def from_header(cls, value, clock=time.monotonic):
        if not value:
            return cls(DEFAULT_SECONDS, clock)
        return cls(int(value) / 1000, clock)

    def left(self):
        return max(0.0, self._ends - self._clock())

    def check(self, doing):
        if self.left() == 0.0:
            raise TimeoutError(f"no time left for {doing}")
