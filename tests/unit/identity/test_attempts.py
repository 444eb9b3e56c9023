from __future__ import annotations

import pytest

from hub.errors import RateLimited
from hub.identity import attempts
from hub.identity.attempts import Attempts, network_of
from tests.conftest import TurnableClock


def test_spend_refuses_after_the_burst_and_says_how_long(clock: TurnableClock) -> None:
    bucket = Attempts(clock, burst=3, every_s=10)
    for _ in range(3):
        bucket.spend("ada")
    with pytest.raises(RateLimited) as caught:
        bucket.spend("ada")
    assert caught.value.retry_after_s == 10
    bucket.spend("ben")


def test_spend_allows_one_more_after_the_time_it_named(clock: TurnableClock) -> None:
    bucket = Attempts(clock, burst=1, every_s=10)
    bucket.spend("ada")
    clock.advance(4)
    with pytest.raises(RateLimited) as caught:
        bucket.spend("ada")
    assert caught.value.retry_after_s == 6
    clock.advance(6)
    bucket.spend("ada")
    with pytest.raises(RateLimited):
        bucket.spend("ada")


def test_forgive_fills_the_bucket(clock: TurnableClock) -> None:
    bucket = Attempts(clock, burst=1, every_s=10)
    bucket.spend("ada")
    bucket.forgive("ada")
    bucket.spend("ada")


def test_spend_remembers_a_bounded_number(
    clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "MAX_KEYS", 5)
    bucket = Attempts(clock, burst=1, every_s=10)
    for number in range(50):
        bucket.spend(str(number))
    assert len(bucket) == 5


@pytest.mark.parametrize(
    ("remote", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("?", "?"),
    ],
)
def test_network_of_counts_a_customer_once(remote: str, network: str) -> None:
    assert network_of(remote) == network
