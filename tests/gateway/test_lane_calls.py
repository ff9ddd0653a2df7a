"""Calls over the pipes of a lane process: each gets its own answer, or an error of its kind."""

import os
import threading
import time

import pytest

from gateway.lane_calls import call, serve_calls
from gateway.runner import LaneProcess, Runner
from profiles.outcome import OperationOutcomeError


@pytest.fixture
def lane():
    """Starts a server of calls in a thread; gives the two ends that the gateway holds."""
    open_files = []

    def start(answer):
        asked, ask = os.pipe()
        answered, tell = os.pipe()
        open_files.extend((asked, answered, tell))
        thread = threading.Thread(target=serve_calls, args=(asked, tell, answer), daemon=True)
        thread.start()
        threads.append((ask, thread))
        return ask, answered

    threads = []
    yield start
    for ask, thread in threads:
        os.close(ask)
        thread.join()
    for file in open_files:
        os.close(file)


def _soon(seconds=20.0):
    return time.monotonic() + seconds


def test_large_calls_and_answers_pass(lane):
    """Megabytes go both ways, several in a row, over pipes of kilobytes."""
    ask, answered = lane(lambda request: {"text": request["text"][::-1]})
    for number in range(3):
        text = str(number) * 1_500_000
        assert call(ask, answered, {"id": str(number), "text": text}, _soon())["text"] == text[::-1]


def test_an_error_keeps_its_kind_and_element(lane):
    """What the lane refuses is refused with the same words; a bug is told without its message."""

    def answer(request):
        if request["id"] == "bug":
            raise KeyError("Jane Doe")
        raise OperationOutcomeError("not-supported", "no text", "Attachment.data")

    ask, answered = lane(answer)
    with pytest.raises(OperationOutcomeError) as raised:
        call(ask, answered, {"id": "1"}, _soon())
    assert (raised.value.kind_name, raised.value.expression) == ("not-supported", "Attachment.data")
    with pytest.raises(OperationOutcomeError) as raised:
        call(ask, answered, {"id": "bug"}, _soon())
    assert raised.value.kind_name == "exception"
    assert "Jane" not in raised.value.diagnostics


def test_an_answer_that_is_no_json_is_an_error_and_the_next_call_is_answered(lane):
    """What cannot be written is told as a bug of the worker; the lane goes on answering."""
    ask, answered = lane(lambda request: {"said": request if request["id"] == "2" else object()})
    with pytest.raises(OperationOutcomeError, match="TypeError") as raised:
        call(ask, answered, {"id": "1"}, _soon())
    assert raised.value.kind_name == "exception"
    assert call(ask, answered, {"id": "2"}, _soon())["said"] == {"id": "2"}


def test_a_late_answer_is_not_taken_for_the_next(lane):
    """After a call that was given up, the next gets its own answer."""
    go_on = threading.Event()

    def answer(request):
        if request["id"] == "slow":
            go_on.wait(20)
        return {"said": request["id"]}

    ask, answered = lane(answer)
    with pytest.raises(OperationOutcomeError) as raised:
        call(ask, answered, {"id": "slow"}, _soon(0))
    assert raised.value.kind_name == "timeout"
    go_on.set()
    assert call(ask, answered, {"id": "next"}, _soon())["said"] == "next"


def test_a_process_that_ends_is_said_to_have_ended():
    """A lane that dies before it answers is a transient error, and one that does not run as well."""
    lane = LaneProcess(("/bin/sh", "-c", "read line; exit 0", "--answers"))
    with pytest.raises(OperationOutcomeError, match="starting"):
        lane.call({"id": "1"}, _soon())
    lane.tend()
    with pytest.raises(OperationOutcomeError) as raised:
        lane.call({"id": "1"}, _soon())
    assert raised.value.kind_name == "transient"
    lane.end()


def test_a_lane_that_does_not_run_here_is_not_supported():
    """Without a process of the lane the answer says where to look."""
    with pytest.raises(OperationOutcomeError, match="isthmus doctor"):
        Runner(None, ()).call("coding", {}, 0.0)


def test_a_process_that_still_starts_is_no_slow_one():
    """Until its first answer a call that waits in vain is told to ask again; after that it is too late."""
    # An answer that came before its question would be thrown away as a late one.
    script = 'while read line; do case "$line" in *\'"1"\'*) echo \'{"id": "1"}\';; esac; done'
    lane = LaneProcess(("/bin/sh", "-c", script, "--answers"))
    lane.tend()
    with pytest.raises(OperationOutcomeError, match="starting") as raised:
        lane.call({"id": "0"}, _soon(0))
    assert raised.value.kind_name == "transient"
    assert lane.call({"id": "1"}, _soon()) == {"id": "1"}
    with pytest.raises(OperationOutcomeError) as raised:
        lane.call({"id": "2"}, _soon(0))
    assert raised.value.kind_name == "timeout"
    lane.end()
