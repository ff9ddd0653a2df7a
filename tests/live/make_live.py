"""A client of live sessions over a real WebSocket, and the audio that it sends."""

import base64
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from socket import SHUT_RDWR
from typing import Any

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.make_gateway import GatewayProcess

PCM = "audio/pcm;rate=16000;channels=1"
FRAME = 3200


def speech(seconds: float, seed: int = 1) -> bytes:
    """PCM in which no two samples nearby are the same, so that a lost or doubled one is seen."""
    count = int(16_000 * seconds)
    return b"".join(((seed * 7919 + n * 31) % 65_536).to_bytes(2, "little") for n in range(count))


def opus_packets(seconds: float, channels: int = 1) -> list[bytes]:
    """A tone as an encoder packs it."""
    phase = 2 * np.pi * 440 * np.arange(int(48_000 * seconds)) / 48_000
    return packed(np.tile((0.3 * np.sin(phase)).astype(np.float32), (channels, 1)), 48_000)


def packed(sound: "np.ndarray[Any, np.dtype[np.float32]]", rate: int) -> list[bytes]:
    """Sound of (channels, samples) as Opus packets of 20 ms, without a container."""
    import av

    file = av.open(io.BytesIO(), "w", format="ogg")
    layout = "stereo" if len(sound) == 2 else "mono"
    stream: Any = file.add_stream("libopus", rate=rate, layout=layout)
    frame = av.AudioFrame.from_ndarray(sound, "fltp", layout)
    frame.sample_rate = rate
    return [bytes(packet) for part in (frame, None) for packet in stream.encode(part)]


class LiveClient:
    """One connection."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard: list[dict[str, Any]] = []

    def say(self, kind: str, **members: Any) -> None:
        """Send a message."""
        self.socket.send(json.dumps({"type": kind, **members}))

    def frame(self, offset: int, audio: bytes) -> None:
        """Send audio."""
        self.socket.send(offset.to_bytes(4, "big") + audio)

    def send(self, audio: bytes, start: int = 0, end: int | None = None) -> None:
        """Send a part of the audio in frames."""
        for at in range(start, len(audio) if end is None else end, FRAME):
            self.frame(at, audio[at : min(at + FRAME, len(audio) if end is None else end)])

    def wait_for(self, *kinds: str) -> dict[str, Any]:
        """The next message of some kinds; what comes before is kept in ``heard``."""
        while True:
            message: dict[str, Any] = json.loads(self.socket.recv(timeout=60))
            self.heard.append(message)
            if message["type"] in kinds:
                return message

    def acknowledged(self, least: int) -> int:
        """Wait until so many bytes are acknowledged; how many."""
        while (offset := self.wait_for("ack")["offset"]) < least:
            continue
        return int(offset)

    def closed(self) -> int:
        """Wait for the end of the connection; its close code."""
        while True:
            try:
                self.heard.append(json.loads(self.socket.recv(timeout=60)))
            except ConnectionClosed as error:
                return error.rcvd.code if error.rcvd else 1006

    def drop(self) -> None:
        """Lose the connection without a word, as a phone in a lift does."""
        self.socket.socket.shutdown(SHUT_RDWR)


@contextmanager
def live(gateway: GatewayProcess, **headers: str) -> Iterator[LiveClient]:
    """A connection to a gateway."""
    address = f"ws://127.0.0.1:{gateway.http_port}/live/transcription"
    with connect(
        address,
        additional_headers=headers,
        proxy=None,
        max_size=None,
        open_timeout=60,
        ping_interval=20,
    ) as socket:
        yield LiveClient(socket)


def patient(gateway: GatewayProcess, name: str) -> str:
    """A patient of the gateway."""
    gateway.request("PUT", f"/fhir/Patient/{name}", {"resourceType": "Patient", "id": name})
    return f"Patient/{name}"


def stored_audio(gateway: GatewayProcess, reference: str) -> bytes:
    """What a Media holds, without the head of its wav file."""
    media = gateway.get(reference)
    binary = gateway.request(
        "GET", f"/fhir/{media['content']['url']}", headers={"Accept": "application/fhir+json"}
    )[1]
    content = base64.b64decode(binary["data"])
    assert content[:4] == b"RIFF"
    assert int.from_bytes(content[40:44], "little") == len(content) - 44
    return content[44:]
