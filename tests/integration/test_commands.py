"""The command line, run as an operator would: beside a running hub and without one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import asyncpg
import httpx
import pytest

from hub.storage.migrations import LOCK_KEY
from tests.integration.sockets import connection
from tests.support.hub_process import HubProcess, answer, free_port, token


async def run(*arguments: str, **environ: str) -> tuple[int, str]:
    """Exit code and everything printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub.cli", *arguments,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("HUB_")}, **environ},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    process._transport.close()  # type: ignore[attr-defined]  # else asyncio complains at the end
    assert process.returncode is not None
    return process.returncode, output.decode()


@pytest.mark.timeout(120)
async def test_commands_beside_a_running_hub(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    async with HubProcess(tmp_path / "data") as hub:
        owner = await hub.first_owner()
        await answer(owner.post("/api/threads", json={"subject": "Offer"}))
        code, token = await run("token", "create", "ada@north.example", "--data-dir", data)
        assert code == 0, token
        async with httpx.AsyncClient(base_url=hub.url, trust_env=False) as program:
            program.headers["authorization"] = f"Bearer {token.strip()}"
            assert len(await answer(program.get("/api/threads"))) == 1
        code, words = await run("token", "create", "nobody@north.example", "--data-dir", data)
        assert (code, "account_not_found" in words) == (1, True), words
        code, words = await run("token", "create", "ada@north.example", "--scope", "all")
        assert (code, "bad_scope" in words) == (1, True), words
        code, words = await run("rebuild", "--data-dir", data)
        assert (code, "Nothing had to change." in words) == (0, True), words
        code, words = await run("doctor", "--data-dir", data, HUB_PORT=str(free_port()))
        assert "PostgreSQL" in words
        assert "durability" not in words  # said only when it is not so
        code, words = await run("serve", "--data-dir", data, "--port", str(free_port()))
        assert (code, "data_dir_in_use" in words) == (1, True), words
        code, words = await run("serve", "--data-dir", str(tmp_path / "o"), "--port", str(hub.port))
        assert (code, "port_in_use" in words) == (1, True), words
        code, words = await run(
            "serve", "--data-dir", str(tmp_path / "o"), "--host", "192.0.2.1",
            HUB_PUBLIC_URL="https://hub.example",
        )  # fmt: skip
        assert (code, "cannot_listen" in words) == (1, True), words
        await owner.aclose()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_clean_end_stops_the_database_and_says_good_bye(
    tmp_path: Path, number: signal.Signals
) -> None:
    hub = HubProcess(tmp_path / "data")
    await hub.start()
    owner = await hub.first_owner()
    secret = await token(owner)
    await owner.aclose()
    pid_file = tmp_path / "data" / "postgres" / "postmaster.pid"
    assert pid_file.exists()
    async with connection(hub) as raw:
        await raw.socket.send('{"cmd":"auth","token":"' + secret + '"}')
        await raw.frame("welcome")
        assert hub.process is not None
        hub.process.send_signal(number)
        assert await raw.closed() == (1012, "restarting")
    process = hub.process
    assert await asyncio.wait_for(process.wait(), 20) == 0
    assert not pid_file.exists()
    assert "Traceback" not in "".join(hub.output)
    await hub.stop()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_who_is_told_to_end_while_it_starts_ends(
    empty_database_url: str, tmp_path: Path, workers: str
) -> None:
    other = await asyncpg.connect(empty_database_url)
    async with other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)  # it migrates
        hub = HubProcess(
            tmp_path / "data", HUB_DATABASE_URL=empty_database_url, HUB_WORKERS=workers,
            HUB_REDIS_URL="redis://127.0.0.1:1",
        )  # fmt: skip
        process = await hub.begin()
        async with asyncio.timeout(20):
            while not await other.fetchval(_WAITS):
                await asyncio.sleep(0.02)
        if workers == "2":
            process.send_signal(signal.SIGHUP)  # which ends nothing, even now
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 20) == 0, hub.output
    await hub.stop()
    await other.close()
    assert "Traceback" not in "".join(hub.output)


_WAITS = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"


@pytest.mark.timeout(120)
async def test_who_is_told_to_end_while_its_database_starts_ends_that_too(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path / "data")
    process = await hub.begin()
    pid_file = tmp_path / "data" / "postgres" / "postmaster.pid"
    async with asyncio.timeout(30):
        while not pid_file.exists():
            await asyncio.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 30) == 0, hub.output
    await hub.stop()
    assert not pid_file.exists()


@pytest.mark.timeout(120)
async def test_commands_without_a_hub(tmp_path: Path) -> None:
    code, words = await run("--version")
    assert (code, words.strip()[:2]) == (0, "0.")
    code, words = await run("serve", HUB_PROT="8480")
    assert (code, "Did you mean HUB_PORT" in words) == (1, True)
    code, words = await run("serve", HUB_DATABASE_URL="postgresql://127.0.0.1:1/none")
    assert (code, "database_down" in words) == (1, True), words
    code, words = await run("doctor", HUB_DATABASE_URL="postgresql://127.0.0.1:1/none")
    assert (code, "database_down" in words) == (1, True), words
    code, words = await run("doctor", "--data-dir", str(tmp_path / "fresh"))
    assert "the next start brings it to" in words
