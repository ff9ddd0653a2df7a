"""Tokens of SMART backend services against the trial payer, which checks the signature."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.payer.client import UNSENT, PayerClient
from adapters.payer.payers import Payer, TokenAccess
from tests.make_payer import TrialPayer, trial_payer

KEYS = ("RS384", "ES384")


def _key(folder: Path, algorithm: str) -> tuple[Path, Path]:
    base = "cryptography.hazmat.primitives"
    serialization = importlib.import_module(f"{base}.serialization")
    if algorithm == "RS384":
        key = importlib.import_module(f"{base}.asymmetric.rsa").generate_private_key(65537, 2048)
    else:
        ec = importlib.import_module(f"{base}.asymmetric.ec")
        key = ec.generate_private_key(ec.SECP384R1())
    private, public = folder / "private.pem", folder / "public.pem"
    pem = serialization.Encoding.PEM
    secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(pem, *secret))
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(pem, form))
    return private, public


@pytest.fixture(params=KEYS)
def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[TrialPayer, Payer]]:
    """A payer that wants tokens, and how we know it."""
    pytest.importorskip("cryptography")
    private, public = _key(tmp_path, request.param)
    with trial_payer("--public-key", str(public)) as payer:
        url = payer.address.removesuffix("/fhir") + "/token"
        access = TokenAccess(url, "us", str(private), "key-1", request.param)
        yield payer, Payer("trial", payer.address, token=access)


def test_a_token_is_fetched_once_and_again_when_it_is_refused(guarded: tuple[TrialPayer, Payer]):
    """One token serves until it is refused; then a single new one is asked for."""
    trial, payer = guarded
    client = PayerClient(payer)
    first = [client.exchange("GET", "ClaimResponse").status for _ in range(3)]
    assert (first, trial.state()["tokens"]) == ([200, 200, 200], 1)
    trial.revoke()
    assert client.exchange("GET", "ClaimResponse").status == 200
    assert trial.state()["tokens"] == 2


def test_a_wrong_key_sends_nothing(guarded: tuple[TrialPayer, Payer], tmp_path: Path):
    """Without a token the Claim stays here, and why is said."""
    _, payer = guarded
    assert payer.token is not None
    strange, _ = _key(tmp_path, payer.token.algorithm)
    client = PayerClient(payer)
    reply = client.exchange("POST", "Claim/$submit", b"{}")
    assert strange.exists()
    assert (reply.kind, reply.why) == (UNSENT, "the payer's token server answered 400")


def test_without_the_package_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch):
    """Where cryptography is not installed nothing is sent, and the reason names it."""
    for name in [name for name in sys.modules if name.startswith("cryptography")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    access = TokenAccess("https://payer.example/token", "us", "key.pem")
    reply = PayerClient(Payer("a", "https://payer.example", token=access)).exchange("GET", "Claim")
    assert reply.kind == UNSENT
    assert "pip install cryptography" in reply.why
