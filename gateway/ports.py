"""The ports that a gateway listens on: free ones, and a sentence where one is not."""

import errno
import random
import socket
from typing import Final

from gateway.settings import Settings
from profiles.outcome import OperationOutcomeError

_PORTS: Final = range(20_000, 32_000)


def free_ports(count: int, host: str = "127.0.0.1") -> tuple[int, ...]:
    """TCP ports that nobody listens on, and that nobody is given before they are used; each another.

    They are none of those that a system gives out by itself (Linux from 32768 on, RFC 6335 from 49152 on).
    """
    found: list[int] = []
    for port in random.SystemRandom().sample(_PORTS, 100 + count):
        if not why_taken(host, port):
            found.append(port)
        if len(found) == count:
            return tuple(found)
    raise OSError(errno.EADDRINUSE, "no port is free")


def free_port(host: str = "127.0.0.1") -> int:
    """One of them."""
    return free_ports(1, host)[0]


def require_free_ports(settings: Settings) -> None:
    """Refuse to start where a port is taken, before anything is opened.

    Raises
    ------
    OperationOutcomeError
        ``conflict`` with the setting that names the port.
    """
    if settings.http_port == settings.dicom_port != 0:
        text = f"the settings http_port and dicom_port are the same, {settings.http_port}: give each its own"
        raise OperationOutcomeError("conflict", text)
    for name in ("http_port", "dicom_port"):
        port = getattr(settings, name)
        why = port and why_taken(settings.host, port)
        if why:
            text = (
                f"port {port} of {settings.host} cannot be listened on ({why}): end what listens there, "
                f"or set ISTHMUS_{name.upper()} to another"
            )
            raise OperationOutcomeError("conflict", text)


def why_taken(host: str, port: int) -> str:
    """Why a port cannot be listened on, as the system says it; empty where it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As the servers do: a port whose last owner just closed is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""
