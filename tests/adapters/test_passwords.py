"""Passwords and their hashes."""

import asyncio
from collections.abc import Awaitable

import pytest

from api.adapters import passwords
from api.adapters.passwords import hash_password, verify_password
from api.domain.errors import TooManyAttempts
from tests.example_people import PASSWORD, password_hash


@pytest.fixture
async def kept_hash() -> str:
    return await asyncio.to_thread(password_hash)


async def test_a_hash_is_argon2id_and_never_the_same(kept_hash: str) -> None:
    assert kept_hash.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert await hash_password(PASSWORD) != kept_hash
    assert len(kept_hash) <= 255


async def test_the_right_password_is_right_and_no_other(kept_hash: str) -> None:
    assert await verify_password(PASSWORD, kept_hash) == passwords.Verification(is_right=True, new_hash=None)
    for wrong in ("", "wrong", PASSWORD.upper(), PASSWORD + "\x00"):
        assert not (await verify_password(wrong, kept_hash)).is_right


async def test_without_an_account_every_password_is_wrong() -> None:
    assert await verify_password(PASSWORD, None) == passwords.Verification(is_right=False, new_hash=None)


async def test_a_password_may_be_in_any_script_and_long() -> None:
    for password in ("网格巡查", "🔑" * 250):
        assert (await verify_password(password, await hash_password(password))).is_right


async def test_a_long_queue_is_turned_away_rather_than_kept_waiting(
    kept_hash: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "LONGEST_QUEUE", 2)
    at_once: list[Awaitable[passwords.Verification]] = [
        asyncio.ensure_future(verify_password(PASSWORD, kept_hash)) for _ in range(12)
    ]
    outcomes = await asyncio.gather(*at_once, return_exceptions=True)
    turned_away = [one for one in outcomes if isinstance(one, TooManyAttempts)]
    assert len(turned_away) == 12 - passwords.HASHES_AT_ONCE - 2
    assert {one.retry_after_s for one in turned_away} == {passwords.BUSY_RETRY_S}


async def test_the_event_loop_goes_on_while_a_password_is_hashed() -> None:
    hashing = asyncio.ensure_future(hash_password(PASSWORD))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 3
