"""A storage SCP on a free port that keeps what it is given."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.dimse.peers import Peers
from adapters.dimse.scp import Received, StorageScp
from profiles.outcome import OperationOutcomeError
from tests.make_mr import write_series


class Archive:
    """What arrived, and how the next instance is to be answered."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.ended: list[bool] = []
        self.answer: Callable[[Received], None] = lambda instance: None
        self.end_seen = threading.Event()
        self.scp: StorageScp | None = None

    def take(self, instance: Received) -> None:
        """Keep an instance, or answer with an error."""
        self.answer(instance)
        self.received.append(instance)

    def end(self, association: str, aborted: bool) -> None:
        """Remember how an association ended."""
        del association
        self.ended.append(aborted)
        self.end_seen.set()

    def refuse(self, kind: str) -> None:
        """Answer every instance with one kind of error."""

        def refusing(instance: Received) -> None:
            del instance
            raise OperationOutcomeError(kind, "no")

        self.answer = refusing

    @property
    def port(self) -> int:
        """Where the SCP listens."""
        assert self.scp is not None
        return self.scp.port


@pytest.fixture
def open_archive() -> Iterator[Callable[..., Archive]]:
    """Start an SCP with allow lists; all are stopped at the end."""
    opened: list[Archive] = []

    def start(**peers: frozenset[str]) -> Archive:
        archive = Archive()
        archive.scp = StorageScp(
            "127.0.0.1",
            0,
            "ISTHMUS",
            on_instance=archive.take,
            on_association_end=archive.end,
            peers=Peers(**peers),
        )
        archive.scp.start()
        opened.append(archive)
        return archive

    yield start
    for archive in opened:
        archive.scp.stop()


@pytest.fixture
def archive(open_archive: Callable[..., Archive]) -> Archive:
    """An SCP that takes from everybody."""
    return open_archive()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Slices of a good series."""
    return write_series(tmp_path_factory.mktemp("scu"), (6, 40, 36))
