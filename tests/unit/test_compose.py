"""docker-compose.yml and the Dockerfile, as far as they can be looked at without Docker."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

from hub.settings import Settings, describe
from hub.workers import supervisor

ROOT = Path(__file__).parents[2]
DOMAINS = {"HUB_DOMAIN": "hub.example", "TURN_DOMAIN": "turn.hub.example"}


def compose(text: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(
        text if text is not None else (ROOT / "docker-compose.yml").read_text()
    )
    return found


SERVICES: dict[str, dict[str, Any]] = compose()["services"]
HUBS = [name for name in SERVICES if name.startswith("hub")]
HUB_ENVIRONMENT: dict[str, str] = SERVICES[HUBS[0]]["environment"]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project's files with what ``deploy/prepare`` makes."""
    folder = tmp_path_factory.mktemp("prepared")
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    subprocess.run(
        [folder / "deploy" / "prepare", *DOMAINS.values()], check=True, capture_output=True
    )
    return folder


def schema_complaints(path: Path) -> str:
    done = subprocess.run(
        [Path(sys.executable).parent / "check-jsonschema",
         "--builtin-schema", "vendor.compose-spec", path],
        capture_output=True, text=True, check=False, cwd=path.parent,
    )  # fmt: skip
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_it_is_a_compose_file(tmp_path: Path) -> None:
    assert schema_complaints(ROOT / "docker-compose.yml") == ""
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text((ROOT / "docker-compose.yml").read_text().replace("cap_drop", "cap_drops"))
    assert "cap_drops" in schema_complaints(wrong)


def test_the_dockerfile_is_clean(tmp_path: Path) -> None:
    def complaints(path: Path) -> str:
        program = Path(sys.executable).parent / "hadolint"
        done = subprocess.run(
            [program, "--no-color", path], capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr if done.returncode else ""

    assert complaints(ROOT / "Dockerfile") == ""
    wrong = tmp_path / "Dockerfile"
    wrong.write_text((ROOT / "Dockerfile").read_text().replace(":3.11.14-slim-bookworm", ""))
    assert "DL3006" in complaints(wrong)


def test_what_the_image_copies_is_there_and_let_through() -> None:
    allowed = (ROOT / ".dockerignore").read_text().split()
    for line in re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.M):
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert f"!{source.split('/')[0]}" in allowed


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_bounded_and_has_no_rights_to_spare(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    assert service["pids_limit"]
    once = service["restart"] == "no"
    assert re.fullmatch(r"[0-9]+:[0-9]+", service["user"])
    assert service["user"].startswith("0:") == once
    # Both programs have the capability in their file, and are not executed without it.
    needed = {"owners": ["CHOWN"], "caddy": ["NET_BIND_SERVICE"], "coturn": ["NET_BIND_SERVICE"]}
    assert service.get("cap_add", []) == needed.get(name, [])
    assert "privileged" not in service
    assert once or service["healthcheck"]["test"][0] == "CMD"
    image, _, tag = service["image"].rpartition(":")
    assert image
    assert re.search(r"\d+\.\d+", tag), f"{name} has no exact tag"


def test_only_the_proxy_and_turn_are_reached_from_outside() -> None:
    assert [name for name, one in SERVICES.items() if "ports" in one] == ["caddy"]
    assert [name for name, one in SERVICES.items() if one.get("network_mode") == "host"] == [
        "coturn"
    ]
    for name in ("postgres", "redis", "s3"):
        assert SERVICES[name]["networks"] == ["inside"]
    assert compose()["networks"]["inside"]["internal"] is True


def test_no_secret_is_written_in_it() -> None:
    declared = compose()["secrets"]
    for name, service in SERVICES.items():
        for secret in service.get("secrets", ()):
            assert secret in declared, f"{name} wants {secret}"
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY|_URL_FILE", variable):
                assert str(value).startswith("/run/secrets/"), variable
    assert {one["file"] for one in declared.values()} <= {
        f"./secrets/{one}" for one in (
            "database_url", "postgres_password", "redis_url", "redis.conf", "blob_key",
            "blob_secret", "turn_secret", "turnserver.conf",
        )
    }  # fmt: skip
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {"/secrets/", "/.env"} <= set(ignored)


def filled(text: str) -> str:
    """As Compose fills in what ``.env`` says."""
    return re.sub(r"\$\{(\w+)(?::\?[^}]*)?\}", lambda found: DOMAINS[found[1]], str(text))


@pytest.mark.parametrize("name", HUBS)
def test_a_hub_starts_with_these_settings(name: str, prepared: Path) -> None:
    service = SERVICES[name]
    known = {variable for variable, _, _ in describe()}
    environ = {}
    for variable, value in service["environment"].items():
        assert variable.removesuffix("_FILE") in known, f"{variable} is no setting"
        environ[variable] = filled(value).replace("/run/secrets/", f"{prepared}/secrets/")
    given = Settings.from_environ(environ, workers=2)
    assert service["command"] == ["serve", "--workers", "2"]
    assert given.secure
    # Every host that it names is a service.
    for url in (given.database_url, given.redis_url):
        assert url is not None
        assert urlsplit(url).hostname in SERVICES
        assert urlsplit(url).password
    assert f"http://{'s3'}:7070" in (given.blob_url or "")
    assert (given.clamd or "").split(":")[0] in SERVICES


def test_hubs_get_more_time_to_leave_than_they_take() -> None:
    for name in HUBS:
        grace_s = int(SERVICES[name]["stop_grace_period"].removesuffix("s"))
        assert grace_s > supervisor.GRACE_S + 5


def test_postgresql_has_connections_for_all() -> None:
    command = " ".join(SERVICES["postgres"]["command"])
    there = int(re.search(r"max_connections=(\d+)", command)[1])  # type: ignore[index]
    wanted = 0
    for name in HUBS:
        pool = int(SERVICES[name]["environment"]["HUB_DATABASE_CONNECTIONS"])
        # while they are replaced there is one worker more
        wanted += (int(SERVICES[name]["command"][-1]) + 1) * (pool + 1)
    assert wanted < there - 5


def test_secrets_are_made_once(prepared: Path) -> None:
    before = {one.name: one.read_text() for one in (prepared / "secrets").iterdir()}
    assert len({before[f"{one}_password"] for one in ("postgres", "redis")}) == 2
    assert len(before["turn_secret"]) == 64
    assert before["postgres_password"] in before["database_url"]
    assert before["redis_password"] in before["redis.conf"]
    assert before["turn_secret"] in before["turnserver.conf"]
    again = [prepared / "deploy" / "prepare", *DOMAINS.values()]
    subprocess.run(again, check=True, capture_output=True)
    assert {one.name: one.read_text() for one in (prepared / "secrets").iterdir()} == before
    assert os.stat(prepared / "secrets").st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["a b", "c"], 2, "no name of a host"),
        (["hub.example"], 2, "usage"),
        ([*DOMAINS.values(), "203.0.113.7"], 2, "PUBLIC/PRIVATE"),
        ([*DOMAINS.values(), "203.0.113.7/10.0.0.5"], 1, "delete it"),
        (["hub.other", "turn.hub.example"], 1, "does not say HUB_DOMAIN=hub.other"),
    ],
)
def test_what_cannot_be_prepared_is_said(
    prepared: Path, words: list[str], code: int, said: str
) -> None:
    program = prepared / "deploy" / "prepare"
    done = subprocess.run([program, *words], check=False, capture_output=True, text=True)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr


@pytest.mark.parametrize("address", ["203.0.113.7/10.0.0.5", "2001:db8::7/fd00::5"])
def test_turn_behind_nat_names_the_public_address(tmp_path: Path, address: str) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    subprocess.run(
        [tmp_path / "deploy" / "prepare", *DOMAINS.values(), address],
        check=True, capture_output=True,
    )  # fmt: skip
    lines = (tmp_path / "secrets" / "turnserver.conf").read_text().splitlines()
    private = address.partition("/")[2]
    assert {
        f"external-ip={address}", f"relay-ip={private}", f"allowed-peer-ip={private}"
    } <= {*lines}  # fmt: skip


def test_who_is_believed_to_be_a_proxy_is_caddy() -> None:
    trusted = HUB_ENVIRONMENT["HUB_TRUSTED_PROXIES"].split(",")
    assert trusted == [*SERVICES["caddy"]["networks"]["outside"].values()]
    subnets = [one["subnet"] for one in compose()["networks"]["outside"]["ipam"]["config"]]
    for address, subnet in zip(trusted, subnets, strict=True):
        assert ip_address(address) in ip_network(subnet)
    there = {name for name, one in SERVICES.items() if "outside" in one.get("networks", ())}
    assert there == {"caddy", *HUBS}
