"""Settings are read once, checked, and never guessed."""

import pytest

from gateway.settings import TABLE, load_settings, require_loopback
from profiles.outcome import OperationOutcomeError


def test_environment_wins_over_file_and_default(tmp_path):
    """An ISTHMUS_ variable beats the TOML file, which beats the default."""
    file = tmp_path / "isthmus.toml"
    file.write_text('http_port = 9000\nae_title = "FILE"\n')
    environment = {"ISTHMUS_CONFIG": str(file), "ISTHMUS_HTTP_PORT": "9001"}
    settings = load_settings(environment)
    assert (settings.http_port, settings.ae_title, settings.dicom_port) == (9001, "FILE", 11112)


@pytest.mark.parametrize(
    "environment",
    [{"ISTHMUS_HTP_PORT": "1"}, {"ISTHMUS_HTTP_PORT": "eighty"}, {"ISTHMUS_CONFIG": "/none.toml"}],
)
def test_unknown_or_malformed_settings_stop_the_start(environment):
    """A typing error is an error, with the nearest known name."""
    with pytest.raises(OperationOutcomeError):
        load_settings(environment)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])  # noqa: S104
def test_only_loopback_is_served_while_nobody_is_authenticated(host):
    """Every address but loopback is refused."""
    with pytest.raises(OperationOutcomeError, match="loopback"):
        require_loopback(host)


def test_loopback_is_served():
    """127.0.0.1, ::1 and localhost are this machine."""
    for host in ("127.0.0.1", "::1", "localhost"):
        require_loopback(host)


def test_every_setting_is_explained():
    """Each row of the table has a text for people."""
    assert all(setting.text for setting in TABLE)
