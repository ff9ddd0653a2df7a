"""Request bodies that hardly come are ended (RFC 9110 15.5.9), by one timer for all of them.

A timer of its own for each request would cost a create a tenth of its time.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

SLOWEST: Final = 10_000
"""Bytes per second at which a body may come for as long as it takes."""
_OFTEN_S: Final = 1.0


@dataclass(slots=True, eq=False)
class Coming:
    """A body on its way: since when, how much of it has come, and whether it was given up."""

    task: "asyncio.Task[Any]"
    begun: float
    size: int = 0
    slow: bool = False


class SlowBodies:
    """Looks at the bodies that are on their way, a few times within the time that one may take.

    Parameters
    ----------
    longest_s : float
        How long a body may take besides the time that its size allows.
    loop : AbstractEventLoop
        That of the requests.
    """

    def __init__(self, longest_s: float, loop: asyncio.AbstractEventLoop) -> None:
        self.longest_s = longest_s
        self.loop = loop
        self._coming: set[Coming] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> Coming:
        """The body of the request that this task answers begins."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a body is read outside of a task")
        coming = Coming(task, self.loop.time())
        self._coming.add(coming)
        if self._timer is None:
            self._wait()
        return coming

    def end(self, coming: Coming) -> None:
        """It has come, or will not."""
        self._coming.discard(coming)

    def _wait(self) -> None:
        self._timer = self.loop.call_later(min(_OFTEN_S, self.longest_s / 4), self._look)

    def _look(self) -> None:
        now = self.loop.time()
        for one in self._coming:
            if not one.slow and now > one.begun + self.longest_s + one.size / SLOWEST:
                one.slow = True
                one.task.cancel()
        self._timer = None
        if self._coming:
            self._wait()
