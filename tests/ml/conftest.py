"""The shipped model, loaded once."""

from pathlib import Path

import pytest

from ml.imaging import segment
from ml.worker import Places


@pytest.fixture(scope="session")
def shipped():
    """What the lane has in memory: every usable bundle."""
    return segment.load(Places(Path("none"), Path("none")))
