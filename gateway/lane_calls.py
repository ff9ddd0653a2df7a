"""Calls to a lane process over its pipes: what is asked and answered without being stored.

A line of JSON is a call, a line of JSON its answer, with the same ``id``. The pipe that keeps the process
alive carries the calls; nobody else can reach it.
"""

import os
import selectors
import time
from collections.abc import Callable
from typing import Any, Final

import orjson

from profiles.outcome import OperationOutcomeError

_PIECE: Final = 1 << 16
Answer = Callable[[dict[str, Any]], dict[str, Any]]


def call(write_to: int, read_from: int, request: dict[str, Any], deadline: float) -> dict[str, Any]:
    """Send one call and wait for its answer; an answer to an earlier one is dropped.

    Raises
    ------
    OperationOutcomeError
        ``timeout`` when the deadline (``time.monotonic``) passes, ``transient`` when the process ends;
        what the lane answers with an error is raised as that error.
    """
    os.set_blocking(write_to, False)
    _send(write_to, orjson.dumps(request) + b"\n", deadline)
    received = bytearray()
    while True:
        piece = _receive(read_from, deadline)
        received += piece
        if b"\n" not in piece:
            continue
        *lines, rest = bytes(received).split(b"\n")
        received = bytearray(rest)
        answers: list[dict[str, Any]] = [orjson.loads(line) for line in lines]
        for answer in answers:
            if answer["id"] == request["id"]:
                return _told(answer)


def serve_calls(read_from: int, write_to: int, answer: Answer) -> None:
    """Answer calls until the pipe closes."""
    received = bytearray()
    # Unbuffered: a buffered reader that a daemon thread holds cannot be closed at a normal exit.
    while piece := os.read(read_from, _PIECE):
        received += piece
        if b"\n" not in piece:
            continue
        *lines, rest = bytes(received).split(b"\n")
        received = bytearray(rest)
        for line in lines:
            _write_all(write_to, _answered(orjson.loads(line), answer) + b"\n")


def _answered(request: dict[str, Any], answer: Answer) -> bytes:
    try:
        return orjson.dumps({**answer(request), "id": request["id"]})
    except OperationOutcomeError as error:
        said = (error.kind_name, error.diagnostics, error.expression)
    except Exception as error:  # noqa: BLE001 - the edge of the process: whatever is raised is an answer
        said = ("exception", f"{type(error).__name__} in the worker", None)
    return orjson.dumps({"error": said, "id": request["id"]})


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    if "error" in answer:
        kind, text, expression = answer["error"]
        raise OperationOutcomeError(kind, text, expression)
    return answer


def _send(to: int, content: bytes, deadline: float) -> None:
    rest = memoryview(content)
    while rest:
        _ready(to, selectors.EVENT_WRITE, deadline)
        try:
            rest = rest[os.write(to, rest[:_PIECE]) :]
        except BlockingIOError:
            continue
        except OSError:
            raise _gone() from None


def _receive(source: int, deadline: float) -> bytes:
    _ready(source, selectors.EVENT_READ, deadline)
    piece = os.read(source, _PIECE)
    if not piece:
        raise _gone()
    return piece


def _ready(file: int, event: int, deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(file, event)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise OperationOutcomeError("timeout", "the lane did not answer in time")


def _write_all(to: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(to, rest) :]


def _gone() -> OperationOutcomeError:
    return OperationOutcomeError("transient", "the process of the lane has ended; ask again")
