"""A channel is heard once the server has confirmed what was asked last."""

from __future__ import annotations

import asyncio

from hub.bus.channels import Channels


def asked(channels: Channels) -> list[tuple[str, list[str]]]:
    return channels.take()


def test_active_once_confirmed() -> None:
    channels = Channels(b"")
    channel = channels.open("a")
    assert asked(channels) == [("SUBSCRIBE", ["a"])]
    assert not channel.active
    assert not channels.settled
    assert channels.confirm("a") is channel
    assert channel.active
    assert channels.settled


def test_dropped_and_asked_again_only_the_second_confirmation_counts() -> None:
    channels = Channels(b"")
    channels.open("a")
    asked(channels)
    channels.close("a")
    assert asked(channels) == [("UNSUBSCRIBE", ["a"])]
    channel = channels.open("a")
    assert asked(channels) == [("SUBSCRIBE", ["a"])]
    assert channels.confirm("a") is None
    assert not channel.active
    assert channels.confirm("a") is channel


def test_dropped_and_wanted_again_before_it_was_said() -> None:
    channels = Channels(b"")
    channels.open("a")
    asked(channels)
    channels.confirm("a")
    channels.close("a")
    assert channels.open("a").active
    assert asked(channels) == []


def test_the_same_while_its_confirmation_is_on_the_way() -> None:
    channels = Channels(b"")
    channels.open("a")
    asked(channels)
    channels.close("a")
    channel = channels.open("a")
    assert not channel.active
    assert channels.confirm("a") is channel


def test_wanted_and_given_up_before_it_was_said() -> None:
    channels = Channels(b"")
    channels.open("a")
    channels.close("a")
    assert asked(channels) == []
    assert channels.settled


async def test_a_lost_connection_lets_who_waits_go_on_and_all_is_asked_anew() -> None:
    channels = Channels(b"")
    channel = channels.open("a")
    asked(channels)
    waiting = asyncio.create_task(channel.confirmed())
    await asyncio.sleep(0)
    channels.lost()
    await waiting
    assert not channel.active
    assert asked(channels) == [("SUBSCRIBE", ["a"])]
