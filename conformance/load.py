"""A closed-loop HTTP load generator on loopback: a number of connections, one request at a time on each.

One thread and epoll, because the generator shares the machine with what it measures.
"""

import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

_HEAD_END: Final = b"\r\n\r\n"
_PIECE: Final = 1 << 16
"""Bytes that are taken at once: for a larger buffer the system is asked for memory each time."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a load came to: requests per second, and times in milliseconds."""

    per_second: float
    p50_ms: float
    p95_ms: float
    failed: int

    def record(self) -> dict[str, Any]:
        """Rounded, for a report."""
        return {
            "per_s": round(self.per_second),
            "p50_ms": round(self.p50_ms, 2),
            "p95_ms": round(self.p95_ms, 2),
            "failed": self.failed,
        }


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """Bytes of one request; header names have ``_`` for ``-``."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Accept: application/fhir+json"]
    if body:
        lines += ["Content-Type: application/fhir+json", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + _HEAD_END + body


class _Connection:
    __slots__ = ("missing", "next", "received", "requests", "sent_at", "socket")

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.requests = requests
        self.next = 0
        self.received = bytearray()
        self.missing = -1
        self.sent_at = 0.0

    def send(self) -> bool:
        if self.next >= len(self.requests):
            return False
        self.received.clear()
        self.missing = -1
        self.sent_at = time.perf_counter()
        self.socket.sendall(self.requests[self.next])
        self.next += 1
        return True

    def answered(self) -> bool:
        """Take in what has come; whether an answer is complete."""
        content = self.socket.recv(_PIECE)
        if not content:
            raise ConnectionError("the server closed the connection")
        self.received += content
        if self.missing < 0:
            end = self.received.find(_HEAD_END)
            if end < 0:
                return False
            head = bytes(self.received[:end]).lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            self.missing = end + len(_HEAD_END) + length
        return len(self.received) >= self.missing


def run(port: int, requests: Sequence[bytes], connections: int) -> Load:
    """Send every request once, on some connections, each after its answer to the one before."""
    opened = [_Connection(port, requests[at::connections]) for at in range(connections)]
    by_number = {one.socket.fileno(): one for one in opened}
    poll = select.epoll()
    times: list[float] = []
    failed = 0
    started = time.perf_counter()
    for one in opened:
        if one.send():
            poll.register(one.socket.fileno(), select.EPOLLIN)
    while len(times) < len(requests):
        for number, _ in poll.poll(30):
            one = by_number[number]
            if not one.answered():
                continue
            times.append(time.perf_counter() - one.sent_at)
            failed += one.received[9:10] != b"2"
            if not one.send():
                poll.unregister(number)
    took = time.perf_counter() - started
    for one in opened:
        one.socket.close()
    poll.close()
    times.sort()
    return Load(
        len(times) / took,
        1000 * times[len(times) // 2],
        1000 * times[int(len(times) * 0.95)],
        failed,
    )
