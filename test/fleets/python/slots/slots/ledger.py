"""The ledger of bookings. One look takes the storage some milliseconds, and few looks go on at once."""

import threading
import time
import zlib

LOOK_SECONDS = 0.004
FIRST_HOUR, LAST_HOUR = 8, 18


class Ledger:
    def __init__(self, rooms, readers):
        self._rooms = rooms
        self._readers = threading.BoundedSemaphore(readers)

    def free(self, day, minutes, deadline):
        """Free slots of a day, as (room, hour); the deadline is looked at before each room."""
        if not self._readers.acquire(timeout=max(0.001, deadline.left())):
            raise TimeoutError("all readers of the ledger are busy")
        try:
            slots = []
            for room in range(1, self._rooms + 1):
                deadline.check(f"room {room} of {day}")
                slots.extend((room, hour) for hour in self._free_hours(day, room, minutes))
            return slots
        finally:
            self._readers.release()

    def _free_hours(self, day, room, minutes):
        time.sleep(LOOK_SECONDS)
        taken = zlib.crc32(f"{day}/{room}".encode())
        hours = range(FIRST_HOUR, LAST_HOUR - minutes // 60)
        return [hour for hour in hours if not taken >> (hour - FIRST_HOUR) & 1]
