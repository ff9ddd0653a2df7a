"""A small real DICOMweb server: QIDO-RS for instances and WADO-RS for their files (PS3.18 10.4, 10.6)."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pydicom

BOUNDARY = "isthmus-test-boundary"
_MATCH = {"0020000E": "SeriesInstanceUID", "00080018": "SOPInstanceUID", "00080016": "SOPClassUID"}


@contextmanager
def dicomweb_server(studies: dict[str, tuple[Path, ...]]) -> Iterator[tuple[str, list[str]]]:
    """Address of a running server, and the list of paths that it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            path, _, query = self.path.partition("?")
            parts = path.partition("/studies/")[2].split("/")
            files = studies.get(parts[0], ())
            if parts[1:] == ["instances"] and files:
                content = [] if "offset=" in query and "offset=0" not in query else _listed(files)
                self._answer("application/dicom+json", json.dumps(content).encode())
            elif len(parts) == 5 and parts[3] == "instances":
                found = [file for file in files if _header(file).SOPInstanceUID == parts[4]]
                kind = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
                self._answer(kind, _multipart(found))
            else:
                self.send_error(404)

        def _answer(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/dicom-web", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _listed(files: tuple[Path, ...]) -> list[dict]:
    return [
        {
            tag: {"vr": "UI", "Value": [str(_header(file)[name].value)]}
            for tag, name in _MATCH.items()
        }
        for file in files
    ]


def _multipart(files: list[Path]) -> bytes:
    parts = [
        f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        + file.read_bytes()
        + b"\r\n"
        for file in files
    ]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def _header(file: Path) -> pydicom.Dataset:
    return pydicom.dcmread(file, stop_before_pixels=True)
