"""Access tokens of SMART backend services: client_credentials with a signed assertion, kept until they end.

SMART App Launch 2.2, backend-services.html and client-confidential-asymmetric.html; RFC 7523.
"""

import base64
import importlib
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from adapters.payer.payers import TokenAccess
from profiles.outcome import OperationOutcomeError

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME_S: Final = 240
"""Of an assertion; at most five minutes are allowed."""

EARLY_S: Final = 15.0
"""A token is not used any more this long before its end."""

Post = Callable[[str, dict[str, str]], tuple[int, bytes]]
"""Posts a form; status and body."""


class TokenSource:
    """The tokens of one payer; threads share it.

    Parameters
    ----------
    access : TokenAccess
        Where and as whom.
    post : callable
        Posts a form and gives status and body.
    clock : callable
        Seconds since 1970.
    """

    def __init__(
        self, access: TokenAccess, post: Post, clock: Callable[[], float] = time.time
    ) -> None:
        self._access = access
        self._post = post
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def token(self) -> str:
        """A token that is good for a while.

        Raises
        ------
        OperationOutcomeError
            ``not-supported`` without the package ``cryptography``, ``login`` when the key cannot be used
            or the token is refused, ``transient`` when its server fails.
        """
        with self._lock:
            if self._clock() >= self._until - EARLY_S:
                self._token, lasts = self._fetched()
                self._until = self._clock() + lasts
            return self._token

    def forget(self) -> None:
        """Ask anew next time: the token was refused."""
        with self._lock:
            self._until = 0.0

    def _fetched(self) -> tuple[str, float]:
        form = {
            "grant_type": "client_credentials",
            "scope": self._access.scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": signed_assertion(self._access, self._clock()),
        }
        status, body = self._post(self._access.url, form)
        if status >= 500 or status == 429:
            raise OperationOutcomeError("transient", f"the payer's token server answered {status}")
        if status != 200:
            raise OperationOutcomeError("login", f"the payer's token server answered {status}")
        try:
            said = json.loads(body)
            return str(said["access_token"]), float(said.get("expires_in", 300))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise OperationOutcomeError(
                "transient", "the payer's token server has answered with no token"
            ) from None


def signed_assertion(access: TokenAccess, now: float) -> str:
    """The JWT by which a client says who it is (RFC 7515 compact form)."""
    header = {
        "alg": access.algorithm,
        "typ": "JWT",
        **({"kid": access.key_id} if access.key_id else {}),
    }
    claims = {
        "iss": access.client_id,
        "sub": access.client_id,
        "aud": access.url,
        "exp": int(now) + LIFETIME_S,
        "iat": int(now),
        "jti": uuid4().hex,
    }
    text = f"{_base64(json.dumps(header).encode())}.{_base64(json.dumps(claims).encode())}"
    return f"{text}.{_base64(_signature(access, text.encode()))}"


def _signature(access: TokenAccess, text: bytes) -> bytes:
    serialization, hashes, padding, ec, utils = signing_engine()
    try:
        key = serialization.load_pem_private_key(Path(access.key_file).read_bytes(), None)
        if access.algorithm == "RS384":
            return bytes(key.sign(text, padding.PKCS1v15(), hashes.SHA384()))
        made = key.sign(text, ec.ECDSA(hashes.SHA384()))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise OperationOutcomeError(
            "login", f"the private key for the payer cannot be used: {type(error).__name__}"
        ) from None
    # JWS wants both numbers in a fixed width, not DER (RFC 7518 3.4).
    return b"".join(number.to_bytes(48, "big") for number in utils.decode_dss_signature(made))


def signing_engine() -> tuple[Any, ...]:
    """Serialization, hashes, padding, elliptic curves and their utils of ``cryptography``."""
    base = "cryptography.hazmat.primitives"
    try:
        return tuple(
            importlib.import_module(name)
            for name in (
                f"{base}.serialization",
                f"{base}.hashes",
                f"{base}.asymmetric.padding",
                f"{base}.asymmetric.ec",
                f"{base}.asymmetric.utils",
            )
        )
    except ModuleNotFoundError:
        raise OperationOutcomeError(
            "not-supported",
            "signing for a payer's token server needs the package cryptography: pip install cryptography",
        ) from None


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
