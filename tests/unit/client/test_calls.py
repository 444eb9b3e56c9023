"""What programs say in calls, and that without the extra the rest of the client works."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest
from aiortc.rtcconfiguration import RTCIceTransportPolicy

from hub.client.call_connection import Candidate, configuration, with_new_credentials
from hub.client.call_media import FrameQueue
from hub.client.call_peer import Peer, Signal, Want
from hub.wire.api import Ice, IceServer


def test_the_client_needs_no_aiortc() -> None:
    program = "import sys, hub.client; assert not {'aiortc', 'av'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_no_servers_means_none() -> None:
    # Null makes aiortc ask a public one.
    assert configuration(Ice([], False, None)).iceServers == []


def test_servers_are_those_of_the_hub() -> None:
    ice = Ice([IceServer(["turn:t.example:3478"], "u", "p")], True, 1)
    found = configuration(ice)
    assert found.iceServers is not None
    (server,) = found.iceServers
    assert (server.urls, server.username, server.credential) == (["turn:t.example:3478"], "u", "p")
    assert found.iceTransportPolicy is RTCIceTransportPolicy.RELAY


def test_a_signal_reads_as_the_page_writes_it() -> None:
    end = b'{"call":"k","from":"a","to":"b","session":"s","candidate":null}'
    read = msgspec.json.decode(end, type=Signal)
    assert (read.sender, read.session, read.candidate) == ("a", "s", None)
    assert msgspec.json.encode(read) == end
    hello = b'{"call":"k","from":"a","to":"b","session":null,"hello":true}'
    read = msgspec.json.decode(hello, type=Signal)
    assert read.candidate is msgspec.UNSET
    assert msgspec.json.encode(read) == hello
    one = b'{"candidate":"candidate:1","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"x"}'
    assert msgspec.json.decode(one, type=Candidate) == Candidate("candidate:1", "0", 0)


def test_a_reaction_or_a_pointer_is_no_fault() -> None:
    said = b'{"call":"k","from":"a","to":"b","session":null,"reaction":"+","pointer":null}'
    assert msgspec.json.decode(said, type=Signal).description is None


def test_credentials_are_new_in_all_sections() -> None:
    section = "a=ice-ufrag:old1\r\na=ice-pwd:oldoldoldoldoldoldoldo\r\na=mid:{}\r\n"
    made = with_new_credentials(section.format(0) + section.format(1))
    assert "old" not in made
    assert made.endswith("a=mid:1\r\n")
    lines = made.split("\r\n")
    assert lines[:2] == lines[3:5]  # one transport carries both


@pytest.mark.parametrize(
    ("mine", "theirs", "polite"),
    [("a", "b", False), ("b", "a", True), ("\U0001f600", "\uff5e", False), ("Z", "a", False)],
)
async def test_names_are_compared_as_a_page_does(mine: str, theirs: str, polite: bool) -> None:
    async def nothing(_: object = None) -> None: ...

    peer = Peer(
        mine, theirs, ice=nothing, send=nothing, sources={}, received={},  # type: ignore[arg-type]
        want=Want(0, 0), changed=lambda: None,
    )  # fmt: skip
    try:
        assert peer.polite is polite
    finally:
        await peer.close()


def frames(track: FrameQueue) -> int:
    return track._frames.qsize()


async def test_what_nobody_takes_is_bounded() -> None:
    from av import VideoFrame

    track = FrameQueue("camera")
    made = [VideoFrame(16, 16) for _ in range(12)]
    for one in made:
        track.put(one)
    assert frames(track) == 10
    assert await track.recv() is made[2]
    track.shut(True)
    track.put(made[0])
    assert frames(track) == 0
