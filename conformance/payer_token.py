"""The trial payer's token server: checks the signed assertion of a client (SMART backend services)."""

import base64
import json
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import uuid4

from adapters.payer.token import signing_engine

LONGEST_S: Final = 300
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Tokens:
    """Tokens for whoever can sign with a key.

    Parameters
    ----------
    public_key : str
        PEM file of the client's public key, RSA or P-384.
    """

    def __init__(self, public_key: str) -> None:
        self._public_key = Path(public_key).read_bytes()
        self._good: set[str] = set()
        self._used: set[str] = set()
        self.issued = 0

    def knows(self, header: str) -> bool:
        """Whether an Authorization header bears a good token."""
        return header.removeprefix("Bearer ") in self._good

    def revoke(self) -> None:
        """Let no token be good any more."""
        self._good.clear()

    def answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer to a token request (RFC 6749 5)."""
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type"}
        if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("scope"):
            return 400, {"error": "invalid_request"}
        if not self._is_valid(form.get("client_assertion", "")):
            return 400, {"error": "invalid_client"}
        token = uuid4().hex
        self._good.add(token)
        self.issued += 1
        return 200, {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": LONGEST_S,
            "scope": form["scope"],
        }

    def _is_valid(self, assertion: str) -> bool:
        try:
            head, claims, signature = assertion.split(".")
            header, said = json.loads(_bytes(head)), json.loads(_bytes(claims))
            self._verify(header["alg"], f"{head}.{claims}".encode(), _bytes(signature))
        except Exception:  # noqa: BLE001 - whatever is wrong with it, it is no assertion
            return False
        left = said["exp"] - time.time()
        fresh = said["jti"] not in self._used
        self._used.add(said["jti"])
        same = said["iss"] == said["sub"] and said["aud"].endswith("/token")
        return fresh and same and 0 < left <= LONGEST_S

    def _verify(self, algorithm: str, text: bytes, signature: bytes) -> None:
        serialization, hashes, padding, ec, utils = signing_engine()
        key = serialization.load_pem_public_key(self._public_key)
        if algorithm == "RS384":
            key.verify(signature, text, padding.PKCS1v15(), hashes.SHA384())
            return
        pair = int.from_bytes(signature[:48], "big"), int.from_bytes(signature[48:], "big")
        key.verify(utils.encode_dss_signature(*pair), text, ec.ECDSA(hashes.SHA384()))


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
