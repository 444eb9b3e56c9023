"""``hub put`` and ``hub get``: files to a thread and back, with a bar, over cuts and restarts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from hub.client.files import PATIENCE_S, FileClient
from hub.client.notes import LocalFile, local
from hub.client.sending import Sent
from hub.errors import HubError, Unauthenticated
from hub.wire.filenames import file_name

INTERRUPTED = 130
console = Console(stderr=True, highlight=False)

Hub = Annotated[
    str, typer.Option("--hub", envvar="WEBMAIL_HUB_URL", help="Address of the hub.")
]  # fmt: skip
TokenFile = Annotated[
    Path | None,
    typer.Option(
        envvar="WEBMAIL_HUB_TOKEN_FILE",
        help="File with the token; without it WEBMAIL_HUB_TOKEN is the token.",
    ),
]
StateDir = Annotated[
    Path | None,
    typer.Option(envvar="WEBMAIL_HUB_STATE_DIR", help="Folder of what is under way."),
]
WaitS = Annotated[
    float, typer.Option("--patience", min=0, help="Seconds for which nothing may move.")
]
LOCAL_HUB = "http://127.0.0.1:8480"


class Bars:
    """The progress of one file after the other."""

    def __init__(self) -> None:
        self.progress = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(),
            TransferSpeedColumn(), TimeRemainingColumn(), console=console,
        )  # fmt: skip
        self._task: TaskID | None = None
        self._resumes = False

    def begin(self, name: str) -> None:
        self._task = self.progress.add_task(name, total=None)
        self._resumes = True

    def move(self, done: int, total: int) -> None:
        if self._task is None:
            return
        if self._resumes and 0 < done < total:
            self.progress.console.print(f"Going on at byte {done}.")
        self._resumes = False
        self.progress.update(self._task, completed=done, total=total)

    def wait(self, error: HubError, pause_s: float) -> None:
        words = f"{error.code}: {error.detail} Trying again in {pause_s:.1f} s."
        self.progress.console.print(words, markup=False)


def put(
    files: Annotated[list[Path], typer.Argument(help="What to send.")],
    thread: Annotated[str, typer.Option(help="Id of the thread.")],
    message: Annotated[str, typer.Option(help="Words that go with it.")] = "",
    hub: Hub = LOCAL_HUB,
    token_file: TokenFile = None,
    state_dir: StateDir = None,
    patience: WaitS = PATIENCE_S,
) -> None:
    """Send files into a thread, 100 in a message; the same command goes on after an end."""
    bars = Bars()

    async def run() -> None:
        client = _client(hub, token_file, state_dir, patience, bars)
        sent: list[Sent] = []
        with bars.progress:
            for file in dict.fromkeys(one.absolute() for one in files):
                bars.begin(file.name)
                sent.append(await client.upload(file, thread, on_progress=bars.move))
        for attachment in await client.post(thread, sent, message):
            print(attachment.attachment, file_name(attachment.name))

    _run(run())


def get(
    attachments: Annotated[list[str], typer.Argument(help="Ids of files.")],
    version: Annotated[int | None, typer.Option(min=1, help="Not the one that is shown.")] = None,
    output: Annotated[Path | None, typer.Option(help="Path, or folder.")] = None,
    live: Annotated[bool, typer.Option("--live", help="As people edit them now.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    hub: Hub = LOCAL_HUB,
    token_file: TokenFile = None,
    state_dir: StateDir = None,
    patience: WaitS = PATIENCE_S,
) -> None:
    """Fetch files of threads, proved; the same command goes on after an end."""
    bars = Bars()

    async def run() -> None:
        if len(attachments) > 1 and output is not None and not output.is_dir():
            raise LocalFile("Several files need a folder as --output.")
        if live and version is not None:
            raise LocalFile("--live is no version.")
        client = _client(hub, token_file, state_dir, patience, bars)
        paths: list[Path] = []
        try:
            with bars.progress:
                for one in attachments:
                    found = await client.attachment(one)
                    bars.begin(file_name(found.name))
                    if live:
                        paths.append(await client.live(found, target=output, force=force))
                        continue
                    path = await client.download(
                        found, version, target=output, force=force, on_progress=bars.move
                    )
                    paths.append(path)
        finally:
            for path in paths:
                print(path)

    _run(run())


def _client(
    hub: str, token_file: Path | None, state_dir: Path | None, patience_s: float, bars: Bars
) -> FileClient:  # fmt: skip
    """Raises:
    HubError: ``unauthenticated``: there is no token; ``local_file``, ``bad_address``.
    """
    # No option: everybody on the machine can read the arguments of a program.
    token = os.environ.get("WEBMAIL_HUB_TOKEN", "")
    if token_file is not None:
        try:
            token = token_file.read_text()
        except OSError as error:
            raise local(error) from error
    if not token.strip():
        detail = "Give --token-file, or set WEBMAIL_HUB_TOKEN; `hub token create` makes one."
        raise Unauthenticated(detail)
    return FileClient(hub, token.strip(), state=state_dir, patience_s=patience_s, on_wait=bars.wait)


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(work)
    except KeyboardInterrupt:
        console.print("Stopped. The same command goes on where it was.")
        raise typer.Exit(INTERRUPTED) from None
    except HubError as error:
        console.print(f"{error.code}: {error.detail}", style="red", markup=False)
        raise typer.Exit(1) from error
