"""A circuit breaker: a payer that fails again and again is left alone for a while, then tried once.

closed (all goes through) → open after ``threshold`` failures in a row (nothing goes through) → half-open
when the rest is over (one request goes through) → closed, or open again for twice as long.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

CLOSED: Final = "closed"
OPEN: Final = "open"
HALF_OPEN: Final = "half-open"


class Breaker:
    """The breaker of one payer; threads share it.

    Parameters
    ----------
    on_change : callable
        Takes the new state, for the log and the doctor.
    threshold : int
        Failures in a row that open it.
    rest_s, longest_s : float
        First and longest rest.
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self,
        on_change: Callable[[str], None] = lambda state: None,
        *,
        threshold: int = 5,
        rest_s: float = 10.0,
        longest_s: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_change = on_change
        self._threshold = threshold
        self._first_s = rest_s
        self._longest_s = longest_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._rest_s = rest_s
        self._until = 0.0
        self.state = CLOSED

    def wait_s(self) -> float:
        """Seconds to wait; zero lets this caller through, who then says how it went."""
        with self._lock:
            if self.state == CLOSED:
                return 0.0
            left = self._until - self._clock()
            if left > 0:
                return left
            # One goes through; the next may when it has not come back after another rest.
            self._until = self._clock() + self._rest_s
            self._become(HALF_OPEN)
            return 0.0

    def succeeded(self) -> None:
        """The payer has answered sensibly."""
        with self._lock:
            self._failures, self._rest_s = 0, self._first_s
            self._become(CLOSED)

    def failed(self) -> None:
        """The payer could not be reached or has failed."""
        with self._lock:
            self._failures += 1
            if self.state == HALF_OPEN:
                self._rest_s = min(self._rest_s * 2, self._longest_s)
            elif self._failures < self._threshold:
                return
            self._until = self._clock() + self._rest_s
            self._become(OPEN)

    def _become(self, state: str) -> None:
        if self.state != state:
            self.state = state
            self._on_change(state)
