"""``hub put`` and ``hub get`` as programs, which are interrupted and killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.conftest import Person, Served
from tests.integration.files.test_uploads import some
from tests.support.between import Between
from tests.support.hub_process import answer

SIZE = 24_000_000
HELD = 16_000_000
FRESH = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


class Ended(NamedTuple):
    code: int
    out: str
    err: str
    peak_bytes: int


class Shell:
    """A machine on which the commands are given, with a proxy between it and the hub."""

    def __init__(self, ada: Person, thread: str, between: Between, folder: Path) -> None:
        self.ada, self.thread, self.between, self.folder = ada, thread, between, folder
        self.film = folder / "film.mov"
        (folder / "copies").mkdir()
        own = {k: v for k, v in os.environ.items() if not k.startswith(("HUB_", "WEBMAIL_"))}
        self.environ = {
            **own,
            "WEBMAIL_HUB_URL": between.url,
            "WEBMAIL_HUB_TOKEN": ada.token,
            "XDG_STATE_HOME": str(folder / "state"),
            "COLUMNS": "200",
        }

    @asynccontextmanager
    async def running(self, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "hub.cli", *arguments, cwd=self.folder, env=self.environ,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def run(self, *arguments: str) -> Ended:
        """A command to its end, and the most memory it had."""
        out, err = self.folder / "out", self.folder / "err"

        def wait() -> tuple[int, int]:
            pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-m", "hub.cli", *arguments],
                {**self.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, fd, str(path), FRESH, 0o600)
                    for fd, path in ((1, out), (2, err))
                ],
            )  # fmt: skip
            _, status, usage = os.wait4(pid, 0)
            return os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024

        code, peak = await asyncio.to_thread(wait)
        return Ended(code, out.read_text(), err.read_text(), peak)

    async def put(self, *more: str) -> Ended:
        return await self.run("put", str(self.film), "--thread", self.thread, *more)

    async def put_file(self, data: bytes) -> str:
        """Its attachment."""
        self.film.write_bytes(data)
        ended = await self.put()
        assert ended.code == 0, ended
        return ended.out.split()[0]


@pytest.fixture
async def shell(served: Served, tmp_path: Path) -> AsyncIterator[Shell]:
    ada = await served.person("ada")
    async with Between(served.url) as between:
        yield Shell(ada, await served.thread(ada), between, tmp_path)


async def test_there_and_back(shell: Shell) -> None:
    shell.film.write_bytes(some(3_000_000))
    other = shell.folder / "words.txt"
    other.write_bytes(b"words")
    token_file = shell.folder / "token"
    token_file.write_text(shell.ada.token + "\n")
    shell.environ.pop("WEBMAIL_HUB_TOKEN")
    more = ("--token-file", str(token_file), "--message", "Look")
    put = await shell.put(str(other), *more)
    assert put.code == 0, put
    (film, film_name), (words, words_name) = (line.split() for line in put.out.splitlines())
    assert (film_name, words_name) == ("film.mov", "words.txt")
    page = await answer(shell.ada.http.get(f"/api/threads/{shell.thread}/history"))
    assert page["items"][-1]["text"] == "Look"
    assert [one["attachment"] for one in page["items"][-1]["files"]] == [film, words]
    copies = shell.folder / "copies"
    got = await shell.run("get", film, words, "--output", str(copies), *more[:2])
    assert got.code == 0, got
    assert got.out.splitlines() == [str(copies / "film.mov"), str(copies / "words.txt")]
    assert (copies / "film.mov").read_bytes() == shell.film.read_bytes()
    assert (copies / "words.txt").read_bytes() == b"words"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
async def test_put_goes_on(shell: Shell, how: signal.Signals) -> None:
    data = some(SIZE)
    shell.film.write_bytes(data)
    shell.between.up.hold_at = HELD
    async with shell.running("put", str(shell.film), "--thread", shell.thread) as process:
        await shell.between.up.held.wait()
        process.send_signal(how)
        _, err = await process.communicate()
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert b"goes on where it was" in err
    shell.between.up.hold_at = None
    ended = await shell.put()
    assert ended.code == 0, ended
    first, second = map(int, shell.between.said("patch", "upload-offset"))
    assert first == 0
    assert 0 < second <= HELD
    assert f"Going on at byte {second}." in ended.err
    got = await shell.run("get", ended.out.split()[0], "--output", str(shell.folder / "copy"))
    assert got.code == 0, got
    assert (shell.folder / "copy").read_bytes() == data


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
async def test_get_goes_on(shell: Shell, how: signal.Signals) -> None:
    data = some(SIZE)
    attachment = await shell.put_file(data)
    copies = shell.folder / "copies"
    part = copies / "film.mov.part"
    shell.between.down.hold_at = HELD
    async with shell.running("get", attachment, "--output", str(copies)) as process:
        await shell.between.down.held.wait()
        while not part.exists() or not part.stat().st_size:
            await asyncio.sleep(0)  # looks at another process, which tells nothing
        process.send_signal(how)
        _, err = await process.communicate()
    if how is signal.SIGINT:
        assert process.returncode == 130
        assert b"goes on where it was" in err
    assert os.listdir(copies) == ["film.mov.part"]
    have = part.stat().st_size
    assert 0 < have <= HELD
    shell.between.down.hold_at = None
    ended = await shell.run("get", attachment, "--output", str(copies))
    assert ended.code == 0, ended
    assert shell.between.said("get", "range") == [f"bytes={have}-"]
    assert (copies / "film.mov").read_bytes() == data
    assert os.listdir(copies) == ["film.mov"]


async def test_what_goes_wrong_has_a_code(shell: Shell) -> None:
    attachment = await shell.put_file(b"words")
    there = await shell.run("get", attachment, "--output", str(shell.film))
    assert (there.code, "file_exists: " in there.err) == (1, True)
    assert shell.film.read_bytes() == b"words"
    shell.film.write_bytes(b"mine")
    forced = await shell.run("get", attachment, "--output", str(shell.film), "--force")
    assert forced.code == 0, forced
    assert shell.film.read_bytes() == b"words"
    version = ("--version", "2", "--output", str(shell.folder / "copy"))
    none = await shell.run("get", attachment, *version)
    assert (none.code, "version_not_found: " in none.err) == (1, True)
    shell.environ["WEBMAIL_HUB_TOKEN"] = "wrong"
    wrong = await shell.put()
    assert (wrong.code, "bad_token: " in wrong.err) == (1, True)
    del shell.environ["WEBMAIL_HUB_TOKEN"]
    missing = await shell.put()
    assert (missing.code, "unauthenticated: " in missing.err) == (1, True)
    shell.environ["WEBMAIL_HUB_TOKEN"] = shell.ada.token
    away = await shell.put("--hub", "http://127.0.0.1:1", "--patience", "0")
    assert (away.code, "unreachable: " in away.err) == (1, True)


@pytest.mark.timeout(120)
async def test_memory_does_not_grow_with_the_file(shell: Shell) -> None:
    with shell.film.open("wb") as file:
        file.truncate(128 * 2**20)
    idle = await shell.run("--version")
    put = await shell.put()
    assert put.code == 0, put
    got = await shell.run("get", put.out.split()[0], "--output", str(shell.folder / "copy"))
    assert got.code == 0, got
    assert (shell.folder / "copy").stat().st_size == 128 * 2**20
    most = idle.peak_bytes + 24 * 2**20
    assert put.peak_bytes < most
    assert got.peak_bytes < most
