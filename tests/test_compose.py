from __future__ import annotations

import importlib.util
import ipaddress
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from faces.settings import Settings
from faces.store.database import Store

ROOT = Path(__file__).resolve().parent.parent
COMPOSE_FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)
SECRETS = [
    "STUDIO_USERNAME",
    "STUDIO_PASSWORD",
    "STUDIO_TOKEN",
    "BACKEND_SECRET",
    "POSTGRES_PASSWORD",
    "FACELOOP_DB_PASSWORD",
    "STUDIO_DB_PASSWORD",
]
# Label Studio 1.23.2, core/utils/io.py
BANNED_BY_DEFAULT = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24
224.0.0.0/4 233.252.0.0/24 240.0.0.0/4 255.255.255.255/32
::/128 ::1/128 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001:0000::/32
2001:20::/28 2001:db8::/32 2002::/16 fc00::/7 fe80::/10 ff00::/8
"""


def compose_client() -> list[str] | None:
    """The command that reads compose files, as a plugin of docker or on its own."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) and not _fails([*command, "version"]):
            return command
    return None


def _fails(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode != 0


def ran(client: list[str], environment: Path) -> subprocess.CompletedProcess[str]:
    command = [*client, "--env-file", str(environment), "config", "-q"]
    clean = {name: value for name, value in os.environ.items() if name not in {*SECRETS, "PHOTOS"}}
    return subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, check=False)


def options_of(module: str) -> set[str]:
    """The options that a program knows, as its help tells them."""
    command = [sys.executable, "-m", module, "--help"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(re.findall(r"--[a-z-]+", answer.stdout))


def without(subnet: Any, address: Any) -> list[Any]:
    """The subnet as subnets that leave this address out."""
    if address not in subnet:
        return [subnet]
    return list(subnet.address_exclude(ipaddress.ip_network(address)))


@pytest.fixture(scope="module")
def client() -> list[str]:
    if (found := compose_client()) is None:
        pytest.skip("no docker client with compose is installed")
    return found


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    path = tmp_path / "env"
    lines = [f"{name}=secret" for name in SECRETS] + [f"PHOTOS={tmp_path}"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", OURS)
def test_every_variable_of_ours_is_a_setting(name: str) -> None:
    variables = set(SERVICES[name]["environment"]) - {"NO_PROXY", "no_proxy"}
    known = {f"FACELOOP_{field.upper()}" for field in Settings.model_fields}

    assert variables <= known


@pytest.mark.parametrize("name", OURS)
def test_our_settings_can_be_used(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in SERVICES[name]["environment"].items():
        monkeypatch.setenv(variable, re.sub(r"\$\{[^}]*\}", "secret", value))

    settings = Settings()

    assert settings.store_url == "postgresql+psycopg://faceloop:secret@db:5432/faceloop"
    assert settings.backend_url_for_studio == "http://backend.faceloop.internal:9090"


@pytest.mark.parametrize("name", OURS)
def test_every_command_exists(name: str) -> None:
    words = SERVICES[name]["command"]
    if words[:2] == ["python", "-m"]:
        assert importlib.util.find_spec(f"{words[2]}.__main__")
        assert not words[3:] or set(words[3:]) <= options_of(words[2])
        return
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert words[0] in project["scripts"]
    main = importlib.import_module(project["scripts"][words[0]].partition(":")[0])
    assert words[1] in main.SUBCOMMANDS


@pytest.mark.parametrize("name", OURS)
def test_every_image_has_its_own_stage_with_the_same_command(name: str) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    stage = dockerfile.partition(f" AS {SERVICES[name]['build']['target']}\n")[2]

    written = ", ".join(f'"{word}"' for word in SERVICES[name]["command"])
    assert f"CMD [{written}]" in stage.partition("\nFROM ")[0]


def test_only_the_worker_has_what_trains() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")

    stages = [stage for stage in dockerfile.split("\nFROM ") if "scripts.requirements" in stage]

    assert len(stages) == 3
    assert [stage.partition("\n")[0] for stage in stages if "requirements training" in stage] == [
        "base AS worker-packages"
    ]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_says_whether_it_is_well(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_only_this_machine_reaches_a_published_port(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_all_are_on_the_one_network(name: str) -> None:
    assert list(SERVICES[name]["networks"]) == list(COMPOSE["networks"]) == ["faceloop"]


def test_every_volume_is_declared_and_used() -> None:
    used = {
        volume.partition(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith((".", "$"))
    }

    assert used == set(COMPOSE["volumes"])


def test_label_studio_sees_the_previews_where_faceloop_wrote_them_and_nothing_else() -> None:
    studio, worker = SERVICES["studio"], SERVICES["worker"]
    media = str(Settings(workspace=worker["environment"]["FACELOOP_WORKSPACE"]).media)

    assert studio["environment"]["LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"] == media
    assert set(studio["volumes"]) == {"studio:/label-studio/data", f"media:{media}:ro"}
    assert f"media:{media}" in worker["volumes"]


def test_label_studio_may_call_the_backend_and_no_other_local_address() -> None:
    backend = SERVICES["backend"]["networks"]["faceloop"]["ipv4_address"]
    written = SERVICES["studio"]["environment"]["LABEL_STUDIO_USER_ADDITIONAL_BANNED_SUBNETS"]
    banned = {ipaddress.ip_network(subnet) for subnet in written.replace(" ", "").split(",")}

    wanted = {
        part
        for subnet in BANNED_BY_DEFAULT.split()
        for part in without(ipaddress.ip_network(subnet), ipaddress.ip_address(backend))
    }
    assert banned == wanted


def test_no_address_given_by_chance_is_the_backends() -> None:
    [network] = COMPOSE["networks"]["faceloop"]["ipam"]["config"]
    subnet, by_chance = (ipaddress.ip_network(network[key]) for key in ("subnet", "ip_range"))
    backend = ipaddress.ip_address(SERVICES["backend"]["networks"]["faceloop"]["ipv4_address"])

    assert backend in subnet
    assert backend not in by_chance
    assert by_chance.subnet_of(subnet)


@pytest.mark.parametrize("scheme", ["http", "https", "all"])
def test_label_studio_reaches_no_other_machine_by_http(scheme: str) -> None:
    variables = SERVICES["studio"]["environment"]

    for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY"):
        assert variables[name] == "http://127.0.0.1:9"


@pytest.mark.parametrize("name", ["studio", *OURS])
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_no_proxy_is_asked_for_what_the_services_say_to_each_other(
    name: str, variable: str
) -> None:
    direct = set(SERVICES[name]["environment"][variable].split(","))
    addresses = [
        SERVICES["worker"]["environment"][f"FACELOOP_{which}_URL"]
        for which in ("DATABASE", "REDIS", "STUDIO", "BACKEND")
    ]
    hosts = {urlsplit(re.sub(r"\$\{[^}]*\}", "secret", address)).hostname for address in addresses}

    assert direct >= {*hosts, "127.0.0.1"}


@pytest.mark.slow
def test_the_worker_is_well_once_the_store_opens_and_the_queue_answers(tmp_path: Path) -> None:
    python, *words = SERVICES["worker"]["healthcheck"]["test"][1:]
    assert python == "python"
    others = {name: value for name, value in os.environ.items() if "FACELOOP" not in name}
    environment = {**others, "FACELOOP_WORKSPACE": str(tmp_path)}

    def is_well() -> bool:
        command = [sys.executable, *words]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
        return done.returncode == 0

    assert not is_well()
    store = Store(Settings(workspace=tmp_path).store_url)
    store.migrate(lock=tmp_path / "migrate.lock")
    store.close()
    assert is_well()
    for file in tmp_path.glob("jobs.sqlite3*"):
        file.unlink()
    (tmp_path / "jobs.sqlite3").mkdir()
    assert not is_well()


def test_the_list_of_banned_addresses_has_no_space_in_it() -> None:
    written = SERVICES["studio"]["environment"]["LABEL_STUDIO_USER_ADDITIONAL_BANNED_SUBNETS"]

    assert " " not in written


def test_the_backend_is_called_by_a_name_with_a_dot() -> None:
    url = SERVICES["worker"]["environment"]["FACELOOP_BACKEND_URL"]

    (alias,) = SERVICES["backend"]["networks"]["faceloop"]["aliases"]

    assert "." in alias
    assert url == f"http://{alias}:{SERVICES['backend']['environment']['FACELOOP_BACKEND_PORT']}"


def test_every_variable_of_the_compose_file_is_explained() -> None:
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text("utf-8")))
    explained = set(
        re.findall(r"^(?:# )?(\w+)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)
    )

    assert asked == explained


def test_compose_accepts_the_file(client: list[str], filled: Path) -> None:
    answer = ran(client, filled)

    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("needed", [*SECRETS, "PHOTOS"])
def test_nothing_that_is_needed_has_a_default(needed: str) -> None:
    uses = re.findall(r"\$\{" + needed + r"\b([^}]*)\}", COMPOSE_FILE.read_text(encoding="utf-8"))

    assert set(uses) == {":?set it in .env"}


def test_compose_asks_for_what_is_missing(client: list[str], filled: Path) -> None:
    lines = filled.read_text(encoding="utf-8").splitlines()
    filled.write_text(
        "\n".join(line for line in lines if not line.startswith("PHOTOS=")), encoding="utf-8"
    )

    answer = ran(client, filled)

    assert answer.returncode != 0
    assert "PHOTOS" in answer.stderr
