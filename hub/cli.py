"""The command line: ``hub serve``, ``doctor``, ``token create``, ``rebuild``, ``verify``; and of
``hub.cli_files``: ``put``, ``get``."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

import hub
from hub import cli_files, logging, server
from hub import doctor as checks
from hub.app import home_of, open_database
from hub.blobs.opening import open_store
from hub.clock import SystemClock
from hub.errors import HubError
from hub.files.keeping import Fault, Keeper
from hub.identity.service import Identity
from hub.jobs.queue import Jobs
from hub.mail.rebuild import rebuild_projections
from hub.settings import Settings
from hub.storage import blobs as blob_rows
from hub.storage.projection import Projector
from hub.wire.api import NewToken
from hub.workers import serve as several

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Webmail hub."
)
token = typer.Typer(no_args_is_help=True, help="Tokens for programs.")
app.add_typer(token, name="token")
app.command()(cli_files.put)
app.command()(cli_files.get)
console = Console(stderr=True, highlight=False)
VERIFYING = ("{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn())

DataDir = Annotated[Path | None, typer.Option(help="Folder of the embedded database.")]


def read_settings(**overrides: Any) -> Settings:
    """The settings of the environment and the command line; ends the program on a wrong one."""
    try:
        return Settings.from_environ(os.environ, **overrides)
    except HubError as error:
        raise fail(error) from error


def fail(error: HubError) -> typer.Exit:
    console.print(f"[red]{error.code}[/red]: {error.detail}")
    return typer.Exit(1)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port to listen on.")] = None,
    data_dir: DataDir = None,
    workers: Annotated[
        int | None, typer.Option(help="How many processes serve; several need HUB_REDIS_URL.")
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Fill a new hub with people and threads to try.")
    ] = False,
) -> None:
    """Serve the hub until it is told to stop. With several workers SIGHUP replaces one after the
    other."""
    settings = read_settings(host=host, port=port, data_dir=data_dir, workers=workers)
    logging.configure(settings.log_format, settings.log_level)
    try:
        if settings.workers > 1:
            several.run(settings, sample=sample)
        else:
            server.run(settings, sample=sample)
    except HubError as error:
        raise fail(error) from error


@app.command(hidden=True)
def worker(
    number: Annotated[int, typer.Option()],
    listener: Annotated[int, typer.Option()],
    pulse: Annotated[int, typer.Option()],
    host: Annotated[str, typer.Option()],
    port: Annotated[int, typer.Option()],
    data_dir: Annotated[Path, typer.Option()],
    figures: Annotated[Path, typer.Option()],
    database_url: Annotated[str | None, typer.Option()] = None,
) -> None:
    """One of the processes of ``hub serve --workers``, which starts it."""
    settings = read_settings(
        host=host, port=port, data_dir=data_dir, workers=1, database_url=database_url
    )
    logging.configure(settings.log_format, settings.log_level, worker=number)
    try:
        server.run_worker(settings, listener, pulse, number=number, figures=figures)
    except HubError as error:
        raise fail(error) from error


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Check database, disk, port and settings, in plain words."""
    settings = read_settings(data_dir=data_dir)
    logging.configure("console", "error")
    signs = {"good": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "bad": "[red]✗[/red]"}
    findings = asyncio.run(checks.examine(settings))
    out = Console(highlight=False)
    for finding in findings:
        out.print(f"{signs[finding.verdict]} {finding.about}: {finding.words}")
    if any(finding.verdict == "bad" for finding in findings):
        raise typer.Exit(1)


@token.command("create")
def token_create(
    address: Annotated[str, typer.Argument(help="Address of the person it acts for.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    scope: Annotated[list[str], typer.Option(help="read, write or admin; repeat it.")] = [  # noqa: B006
        "read",
        "write",
    ],
    days: Annotated[int, typer.Option(help="Ends after so many days.")] = 365,
    data_dir: DataDir = None,
) -> None:
    """Make a token for a program and print it; it is shown only now."""
    settings = read_settings(data_dir=data_dir)
    logging.configure("console", "error")
    for one in scope:
        if one not in ("read", "write", "admin"):
            raise fail(
                HubError(f"{one!r} is no scope; use read, write or admin.", code="bad_scope")
            )
    if not 1 <= days <= 3650:
        raise fail(HubError("--days is 1 to 3650.", code="bad_days"))

    async def create() -> str:
        async with open_database(settings, beside=True) as database:
            identity = Identity(database, SystemClock(), settings, on_revoked=lambda *_: None)
            new = NewToken(name=name, scopes=list(scope), expires_in_days=days)  # type: ignore[arg-type]
            return (await identity.create_token_for(address, new)).token

    try:
        print(asyncio.run(create()))
    except HubError as error:
        raise fail(error) from error


@app.command()
def rebuild(data_dir: DataDir = None) -> None:
    """Make the tables people read anew from the logs, and say what had been wrong."""
    settings = read_settings(data_dir=data_dir)
    logging.configure("console", "error")

    async def run() -> Any:
        async with open_database(settings, beside=True) as database:
            projector = Projector(await home_of(database, settings))
            return await rebuild_projections(database, projector)

    try:
        report = asyncio.run(run())
    except HubError as error:
        raise fail(error) from error
    print(f"{report.threads} threads, {report.documents} documents, {report.events} events read.")
    if report.changed:
        print(f"These tables read differently before: {', '.join(report.changed)}.")
    else:
        print("Nothing had to change.")


@app.command()
def verify(
    blobs: Annotated[bool, typer.Option("--blobs", help="Read every file and prove it.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Prove that what is kept is what it was."""
    settings = read_settings(data_dir=data_dir)
    logging.configure("console", "error")
    if not blobs:
        raise fail(HubError("Say what to verify: --blobs.", code="nothing_to_do"))
    out = Console(highlight=False)

    async def run() -> tuple[int, list[Fault]]:
        async with open_database(settings, beside=True) as database:
            clock = SystemClock()
            store = open_store(settings)
            keeper = Keeper(database, store, clock, Jobs(database, clock), 0)
            async with database.acquire() as connection:
                totals = await blob_rows.totals(connection)
            with Progress(*VERIFYING, console=out, transient=True) as bar:
                task = bar.add_task("Reading", total=totals.bytes)
                faults = await keeper.faults(lambda one: bar.advance(task, one.size))
            return totals.blobs, faults

    try:
        count, faults = asyncio.run(run())
    except HubError as error:
        raise fail(error) from error
    for fault in faults:
        out.print(f"[red]✗[/red] {fault.blob.blob} ({fault.blob.name}): {fault.code}")
    out.print(f"{count} files read, {len(faults)} not as they were.")
    if faults:
        raise typer.Exit(1)


@app.callback(invoke_without_command=True)
def main_options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        print(hub.__version__)
        raise typer.Exit


def main() -> None:
    """Entry point of the ``hub`` command."""
    app()


if __name__ == "__main__":
    main()
