"""A speech server for tests, in a process of its own: takes real multipart, and misbehaves on demand.

``POST /next`` with a JSON list says what it does with the next requests; ``GET /seen`` gives what it has got.
"""

import json
import sys
import threading
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = [
    {"word": "Good", "start": 0.0, "end": 0.4},
    {"word": "morning.", "start": 0.4, "end": 0.9},
    {"word": "Any", "start": 1.2, "end": 1.4},
    {"word": "pain?", "start": 1.4, "end": 1.9},
]
VERBOSE = {
    "task": "transcribe",
    "language": "en",
    "duration": "2.0",
    "text": "Good morning. Any pain?",
    "segments": [
        {"id": 0, "start": 0.0, "end": 1.0, "text": " Good morning.", "avg_logprob": -0.2},
        {
            "id": 1,
            "start": 1.1,
            "end": 2.0,
            "text": " Any pain?",
            "avg_logprob": -1.4,
            "no_speech_prob": 0.9,
            "compression_ratio": 2.9,
        },
    ],
    "words": WORDS,
}


class Server(ThreadingHTTPServer):
    """What it has seen and what it is to do."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.todo: list[dict[str, Any]] = []
        self.seen: list[dict[str, Any]] = []
        self.lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """``/v1/audio/transcriptions``, ``/next`` and ``/seen``."""

    server: Server

    def do_GET(self) -> None:
        """What was seen."""
        self._say(200, json.dumps(self.server.seen).encode())

    def do_POST(self) -> None:
        """Do the next of what was said, else recognise two sentences."""
        body = self._content()
        if self.path == "/next":
            self.server.todo = json.loads(body)
            self.server.seen = []
            self._say(200, b"{}")
            return
        fields = self._fields(body)
        with self.server.lock:
            self.server.seen.append(fields)
            todo = self.server.todo.pop(0) if self.server.todo else {}
        if todo.get("cut"):
            self.close_connection = True
            return
        said = todo.get("body")
        if said is None:
            verbose = fields.get("response_format") == ["verbose_json"]
            said = json.dumps(VERBOSE if verbose else {"text": VERBOSE["text"]})
        self._say(todo.get("status", 200), said.encode(), todo.get("headers", {}))

    def _content(self) -> bytes:
        if "content-length" in self.headers:
            return self.rfile.read(int(self.headers["content-length"]))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _fields(self, body: bytes) -> dict[str, Any]:
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        found: dict[str, Any] = {"path": self.path, "key": self.headers.get("authorization")}
        for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            if part.get_filename():
                found["file"] = [part.get_filename(), part.get_content_type(), len(content)]
            else:
                found.setdefault(name, []).append(content.decode())
        return found

    def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
        """Say nothing."""


if __name__ == "__main__":
    running = Server()
    sys.stdout.write(f"{running.server_port}\n")
    sys.stdout.flush()
    running.serve_forever()
