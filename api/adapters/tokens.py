"""Access tokens, which anyone can read and nobody can forge, and refresh tokens, which are plain luck."""

from datetime import datetime
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from uuid import UUID, uuid4

import jwt

from api.domain.errors import TokenRefused

ALGORITHM = "HS256"
ISSUER = "gridpatrol"
AUDIENCE = "gridpatrol-api"
SHORTEST_KEY_BYTES = 32
"""RFC 7518 (3.2): a key for HMAC-SHA256 has at least as many bits as the hash."""

_REFRESH_BYTES = 32

_jwt: Any = jwt  # its types name keys of a package that only other algorithms need


class TokenSigner:
    """Issues and reads access tokens: JWTs (RFC 7519) signed with one key that all processes share."""

    def __init__(self, key: str, ttl_s: int) -> None:
        """Sign with `key`; tokens live `ttl_s` seconds. Raises ValueError when the key is too short."""
        if len(key.encode()) < SHORTEST_KEY_BYTES:
            raise ValueError(f"the key for access tokens needs at least {SHORTEST_KEY_BYTES} bytes")
        self._key = key
        self.ttl_s = ttl_s

    def issue(self, sign_in_id: UUID, person_id: UUID, now: datetime) -> str:
        """Return a token for a person's sign-in."""
        issued = int(now.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(person_id),
            "sid": str(sign_in_id),
            "iat": issued,
            "exp": issued + self.ttl_s,
            "jti": str(uuid4()),
        }
        return _jwt.encode(claims, self._key, ALGORITHM)

    def read(self, token: str, now: datetime) -> UUID:
        """Return the sign-in that a token belongs to; raises TokenRefused for a forged or expired one."""
        try:
            claims = _jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                # PyJWT would read the clock itself; time is an argument here.
                options={
                    "require": ["iss", "aud", "sub", "sid", "iat", "exp", "jti"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            sign_in_id, expires = UUID(claims["sid"]), int(claims["exp"])
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
            raise TokenRefused("The access token is not one of ours.") from error
        if now.timestamp() >= expires:
            raise TokenRefused("The access token has expired; use the refresh token to get another.")
        return sign_in_id


def new_refresh_token() -> str:
    """Return a refresh token: 256 random bits that mean nothing by themselves."""
    return token_urlsafe(_REFRESH_BYTES)


def fingerprint(refresh_token: str) -> str:
    """Return what is stored of a refresh token: its SHA-256, in hexadecimal digits.

    A fast hash is enough: there is nothing to guess in 256 random bits.
    """
    return sha256(refresh_token.encode()).hexdigest()
