"""Ports that are taken: said in a sentence before anything is opened."""

import socket
from dataclasses import replace

import pytest

from gateway.ports import free_ports, require_free_ports
from gateway.serve import main
from gateway.settings import load_settings
from profiles.outcome import OperationOutcomeError


def _settings(http_port: int, dicom_port: int):
    return replace(load_settings(), http_port=http_port, dicom_port=dicom_port)


def test_free_ports_are_different_and_accepted():
    """Each can be listened on beside the others."""
    ports = free_ports(20)
    assert len(set(ports)) == 20
    require_free_ports(_settings(*ports[:2]))
    require_free_ports(_settings(0, 0))


@pytest.mark.parametrize("name", ["http_port", "dicom_port"])
def test_a_port_that_is_taken_is_refused_with_the_setting_that_names_it(name):
    """Whoever starts a second gateway reads which port it is and what to set."""
    first, other = free_ports(2)
    with socket.create_server(("127.0.0.1", first)):
        taken = {"http_port": other, "dicom_port": other, name: first}
        with pytest.raises(OperationOutcomeError, match=f"{first}.*ISTHMUS_{name.upper()}"):
            require_free_ports(_settings(**taken))


def test_one_port_for_both_is_refused_and_nothing_is_made(tmp_path, monkeypatch):
    """A gateway that cannot listen leaves no store behind."""
    (port,) = free_ports(1)
    monkeypatch.setenv("ISTHMUS_DATA", str(tmp_path / "store"))
    monkeypatch.setenv("ISTHMUS_HTTP_PORT", str(port))
    monkeypatch.setenv("ISTHMUS_DICOM_PORT", str(port))
    with pytest.raises(OperationOutcomeError, match="the same"):
        main([])
    assert not (tmp_path / "store").exists()
