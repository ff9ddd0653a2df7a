"""Work that is done while the result of the work before is in use.

Decoding and speech detection take one core; a recogniser takes a GPU or the other cores. Side by side, the
recording is read in the time that recognition takes anyway.
"""

from collections.abc import Iterator
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import Final, TypeVar

T = TypeVar("T")

_END: Final = object()


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The items in their order, each made by a thread while the one before is in use.

    Never is more than one made ahead, so that two are held at most. What making one raises is raised
    where the item would have come. Whoever stops asking stops the thread.
    """
    made: SimpleQueue[object] = SimpleQueue()
    wanted, over = Semaphore(1), Event()
    thread = Thread(target=_make, args=(items, made, wanted, over), name="ahead", daemon=True)
    thread.start()
    try:
        while (item := made.get()) is not _END:
            if isinstance(item, _Raised):
                raise item.error
            wanted.release()
            yield item  # type: ignore[misc]  # the queue holds what the iterator gives
    finally:
        over.set()
        wanted.release()
        thread.join()


class _Raised:
    """What making an item has raised."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def _make(items: Iterator[T], made: "SimpleQueue[object]", wanted: Semaphore, over: Event) -> None:
    try:
        while wanted.acquire() and not over.is_set():
            item = next(items, _END)
            made.put(item)
            if item is _END:
                return
    except BaseException as error:  # noqa: BLE001 - whatever it is belongs to who waits for the item
        made.put(_Raised(error))
