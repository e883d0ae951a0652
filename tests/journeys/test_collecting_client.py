"""A system that cannot be called, against a served hub: the reference client reads its outbox and pages employees."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from hub.client.sender import Sender
from hub.demo.hubprocess import HubProcess
from hub.demo.onboarding import Operator
from signing import jsontext
from signing.keyfiles import read_private
from signing.keys import load_private, load_public


def _system(operator: Operator, keys: Path, url: str, code: str) -> Sender:
    made = operator.run(
        "system", "add", "--institution", "KEM", "--code", code, "--generate-key", str(keys)
    )  # fmt: skip
    key = load_private(read_private(Path(made["privateKeyFile"])))
    return Sender(url, made["clientId"], made["clientSecret"], key, _hub_key(url))


def _hub_key(url: str) -> Any:
    import httpx

    return load_public(jsontext.parse(httpx.get(f"{url}/api/v1/hub", trust_env=False).content)["publicKey"])


def test_a_relayed_message_is_read_confirmed_and_gone(tmp_path: Path) -> None:
    """From one system's push to the other's confirmation over HTTP; numbers and names arrive as they were sent."""
    hub = HubProcess(tmp_path / "data")
    hub.start()
    try:
        operator = Operator(hub.data)
        operator.run("institution", "add", "--code", "KEM", "--name", "Kementerian")
        sender, reader = (_system(operator, tmp_path, hub.url, code) for code in ("KIRIM", "TERIMA"))
        operator.run("api", "add", "--code", "SURAT", "--relay")
        operator.run("api", "add", "--code", "PEGAWAI", "--holding", "employees")
        operator.run("grant", "add", "--system", "KIRIM", "--code", "SURAT")
        operator.run("grant", "add", "--system", "TERIMA", "--code", "PEGAWAI")
        operator.run("subscription", "add", "--system", "TERIMA", "--code", "SURAT", "--collect")
        bodies = [{"n": n, "rate": 0.25, "name": "Ñandú 李"} for n in range(3)]
        for body in bodies:
            sender.push("SURAT", jsontext.render(body))
        found: list[Any] = []
        until = time.monotonic() + 30
        while len(found) < 3 and time.monotonic() < until:
            found += [message.value for message in reader.read_outbox(confirm=True)]
        assert found == bodies
        while (waiting := operator.run("subscription", "list")["items"][0]["waiting"]) and time.monotonic() < until:
            time.sleep(0.02)
        assert waiting == 0
        assert list(reader.read_outbox()) == []
        page = reader.pull("PEGAWAI", b"{}").value
        assert (page["employees"], page["pager"]["total"]) == ([], 0)
        sender.close()
        reader.close()
    finally:
        hub.stop()
