"""`deploy/compose.yaml` and the Containerfile: valid, pinned, hardened, and true to settings, ports and files of the code."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest
import yaml

from hub.settings import PREFIX, Settings
from tests.published import COMPOSE, published_schema

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
PINNED: Final = re.compile(r"[a-z0-9./_-]+:v?\d+\.\d+[\w.-]*")
OURS: Final = {"gateway1", "gateway2", "worker1", "worker2"}


def compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))


def services() -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"]
    return found


def containerfile() -> list[tuple[str, str]]:
    """Instructions and their arguments, continued lines joined."""
    text = (DEPLOY / "Containerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, " ".join(rest.split())) for word, _, rest in (line.partition(" ") for line in lines)]


def arguments(instruction: str) -> list[str]:
    return [rest for word, rest in containerfile() if word == instruction]


def test_compose_is_valid() -> None:
    """The published schema of the Compose Specification finds nothing wrong. It is older than the member `name`."""
    checker = jsonschema_rs.Draft7Validator(
        published_schema(COMPOSE) | {"$schema": "http://json-schema.org/draft-07/schema#"}
    )
    document = compose()
    del document["name"]
    assert [f"{error.instance_path}: {error.message[:200]}" for error in checker.iter_errors(document)] == []
    document["services"]["proxy"]["prots"] = []
    assert not checker.is_valid(document)


def test_it_is_the_cluster_that_is_described() -> None:
    """Three brokers, PostgreSQL, two gateways, two workers, a proxy, Prometheus and Grafana."""
    assert set(services()) == OURS | {"kafka1", "kafka2", "kafka3", "postgres", "proxy", "prometheus", "grafana"}
    assert {services()[name]["command"][-1] for name in OURS} == {"gateway", "worker"}


@pytest.mark.parametrize("name", sorted(services()))
def test_every_service_is_hardened(name: str) -> None:
    """Pinned image, read-only root, no capability, no new privileges, a user that is not root, started again."""
    service = services()[name]
    assert PINNED.fullmatch(service["image"]), service["image"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].partition(":")[0] not in {"", "0", "root"}
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(OURS))
def test_settings_are_those_of_the_hub(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every AMANA_* variable of a container, those of its image too, is a setting, and its value is one that the hub takes."""
    found = {k: str(v) for k, v in services()[name]["environment"].items()}
    pairs = [pair.split("=", 1) for rest in arguments("ENV") for pair in shlex.split(rest)]
    image = {name: value for name, value in pairs if name.startswith(PREFIX)}
    given = {k: v for k, v in (image | found).items() if k.startswith(PREFIX)}
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    assert set(given) - known == set()
    for variable, value in given.items():
        monkeypatch.setenv(variable, re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", value))
    settings = Settings()
    assert settings.bus == "kafka://kafka1:9092,kafka2:9092,kafka3:9092/amana"
    assert settings.kafka_min_insync < settings.kafka_replication <= 3
    assert settings.port == 8460
    assert "password" not in settings.store
    assert not settings.unsafe_allow_draft_rules


def test_networks_match_addresses() -> None:
    """The proxy that the gateways trust and the reader of metrics have the addresses that the settings name, in the subnet."""
    environment = services()["gateway1"]["environment"]
    assert services()["proxy"]["networks"]["amana"]["ipv4_address"] + "/32" == environment["AMANA_TRUSTED_PROXIES"]
    assert (
        services()["prometheus"]["networks"]["amana"]["ipv4_address"] + "/32" == environment["AMANA_METRICS_NETWORKS"]
    )


def test_no_secret_stands_in_a_file() -> None:
    """Passwords are files that the operator makes; none is here, and none is a variable."""
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    assert re.findall(r"(?im)^\s*\S*password\S*:\s*(?!/run/secrets/|\{file:|$)(\S+)", text) == []
    assert {made["file"] for made in compose()["secrets"].values()} == {
        f"./secrets/{name}" for name in compose()["secrets"]
    }
    for service in services().values():
        assert set(service.get("secrets", ())) <= set(compose()["secrets"])
    assert not (DEPLOY / "secrets").exists() or not any(p.suffix != ".md" for p in (DEPLOY / "secrets").iterdir())


def test_mounted_files_exist() -> None:
    """What is mounted from beside is there, read-only; every named volume is declared."""
    for name, service in services().items():
        for volume in service.get("volumes", ()):
            source, _, target = volume.partition(":")
            if source.startswith("."):
                assert (DEPLOY / source).exists(), (name, source)
                assert target.endswith(":ro"), (name, target)
            else:
                assert source in compose()["volumes"], (name, source)


def test_kafka_is_the_version_that_is_tested() -> None:
    """The brokers' image has the version with which the tests run."""
    version = re.search(r"<kafka\.version>([\d.]+)<", (DEPLOY / "kafka/pom.xml").read_text("utf-8"))
    assert version
    assert {services()[f"kafka{n}"]["image"].partition(":")[2] for n in (1, 2, 3)} == {version[1]}


def test_the_drain_has_its_time() -> None:
    """A container is given longer to stop than the hub needs to drain."""
    from hub.serve.supervisor import DRAIN

    assert {int(services()[name]["stop_grace_period"].removesuffix("s")) > DRAIN for name in OURS} == {True}


def test_the_containerfile_copies_what_exists() -> None:
    """Every path that is copied from the context exists; requirements are hashed; both stages are one pinned image."""
    copied = [rest.split()[:-1] for rest in arguments("COPY") if not rest.startswith("--from")]
    assert [path for paths in copied for path in paths if not (ROOT / path).exists()] == []
    images = {rest.partition(" AS ")[0] for rest in arguments("FROM")}
    assert len(images) == 1
    assert all(PINNED.fullmatch(image) for image in images)
    installs = [rest for rest in arguments("RUN") if "pip install" in rest]
    assert "--require-hashes --only-binary :all: -r /build/requirements.txt" in installs[0]
    assert "--no-index" in installs[1]


def test_the_container_runs_as_nobody_special() -> None:
    """A user by number, the port that is the default, a health check, an entry point that the distribution installs."""
    assert arguments("USER") == ["10001:10001"]
    assert arguments("EXPOSE") == [str(Settings.model_fields["port"].default)]
    assert arguments("ENTRYPOINT") == ['["amana"]']
    assert 'CMD ["python", "-m", "hub.serve.probe"]' in arguments("HEALTHCHECK")[0]
    assert {services()[name]["user"] for name in OURS} == set(arguments("USER"))


def test_the_proxy_serves_the_gateways() -> None:
    """nginx names both gateways at their port, takes the largest upload, replaces what a caller says of its address, and
    shows nobody the metrics."""
    text = (DEPLOY / "proxy/nginx.conf").read_text("utf-8")
    assert set(re.findall(r"server (\w+:\d+)", text)) == {"gateway1:8460", "gateway2:8460"}
    assert int(re.search(r"client_max_body_size (\d+)m", text)[1]) << 20 >= Settings.model_fields["max_upload"].default  # type: ignore[index]
    assert "X-Forwarded-For $remote_addr;" in text
    assert "location = /metrics { return 404; }" in text
    assert text.count("{") == text.count("}")


def test_the_installed_package_has_every_file() -> None:
    """What is beside the modules in the source (migrations, presets, contracts, manifests, cases) is in the distribution that
    the container installs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]
    beside = {
        package: [p for p in (ROOT / package).rglob("*") if p.is_file() and p.suffix not in {".py", ".pyc"}]
        for package in ("hub", "adapters", "schemas", "signing")
    }
    taken = {
        package: {found for pattern in project.get(package, []) for found in (ROOT / package).glob(_deep(pattern))}
        for package in beside
    }
    missing = [
        str(path.relative_to(ROOT)) for package, paths in beside.items() for path in paths if path not in taken[package]
    ]
    assert missing == []


def _deep(pattern: str) -> str:
    """A last `**` takes files at any depth, as setuptools understands it."""
    return pattern + "/*" if pattern.endswith("**") else pattern
