"""Several processes behind nginx, as the operator's manual says."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from tests.integration.conftest import serve
from tests.support.nginx import NginxProcess


async def test_what_one_process_no_longer_serves_the_other_does(
    database_url: str, tmp_path: Path, services: None
) -> None:
    async with AsyncExitStack() as stack:
        two = AsyncExitStack()
        one = await stack.enter_async_context(serve(database_url, data_dir=tmp_path))
        gone = await two.enter_async_context(serve(database_url, data_dir=tmp_path))
        stack.push_async_exit(two)
        front = stack.enter_context(NginxProcess([gone.url, one.url], tmp_path / "blobs"))
        ada = await one.person("ada")
        http = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=front.url, trust_env=False,
                headers={"authorization": f"Bearer {ada.token}"},
            )
        )  # fmt: skip
        gone.hub.draining = True
        said = {(await http.get("/readyz")).text for _ in range(4)}
        assert said == {"ready\n", "restarting\n"}  # both are asked
        await two.aclose()
        for _ in range(4):
            assert (await http.get("/api/me")).status_code == 200
