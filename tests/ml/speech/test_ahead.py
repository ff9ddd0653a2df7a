"""Items are made while the one before is in use: in order, one ahead, and never behind anybody's back."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.speech.ahead import ahead


def threads():
    """Threads that make items at this moment."""
    return [one for one in threading.enumerate() if one.name == "ahead"]


@given(st.lists(st.integers()))
@settings(max_examples=50, deadline=None)
def test_items_come_in_their_order(items):
    """What goes in comes out, and the thread is gone afterwards."""
    assert list(ahead(iter(items))) == items
    assert not threads()


def test_one_item_is_made_ahead_and_not_two():
    """The next item is begun while the one before is in use; the one behind it waits."""
    begun, second = [], threading.Event()

    def items():
        for number in range(4):
            begun.append(number)
            if number == 1:
                second.set()
            yield number

    coming = ahead(items())
    assert next(coming) == 0
    assert second.wait(10)
    assert next(coming) == 1
    assert len(begun) <= 3
    assert list(coming) == [2, 3]


def test_what_making_raises_comes_in_its_place():
    """The items before an error are given, then the error itself."""

    def items():
        yield 1
        raise LookupError("broken")

    coming = ahead(items())
    assert next(coming) == 1
    with pytest.raises(LookupError, match="broken"):
        next(coming)
    assert not threads()


def test_whoever_stops_asking_stops_the_thread():
    """An error of who uses an item leaves no thread behind, and an endless source is let go."""

    def endless():
        while True:
            yield 0

    coming = ahead(endless())
    next(coming)
    coming.close()
    assert not threads()
