"""Onboarding commands against a running hub: what is sent, what is printed, what stays on this machine."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from hub.cli.main import invoke
from hub.ports import Write
from signing import jsontext
from signing.keyfiles import read_key
from signing.keys import PrivateKey, generate
from tests.unit.api.desk import Desk


def amana(desk: Desk, *words: str) -> Any:
    """A command with `--json`; its value. It must succeed."""
    status, text = invoke([*words, "--data", str(desk.data), "--json"])
    assert status == 0, text
    return jsontext.parse(text.encode())


@pytest.fixture
def kem(desk: Desk) -> Desk:
    """A hub with one institution."""
    amana(desk, "institution", "add", "--code", "KEM", "--name", "Kementerian Contoh")
    return desk


def test_the_hub_learns_only_the_digest_of_a_client_secret(kem: Desk, tmp_path: Path) -> None:
    """The printed secret is nowhere in the log; its SHA-256 is what the directory holds."""
    made = amana(kem, "system", "add", "--institution", "KEM", "--code", "HR", "--generate-key", str(tmp_path))
    system = kem.follower.directory.now().system("HR")
    assert system is not None
    assert system.secret_sha256 == hashlib.sha256(made["clientSecret"].encode()).hexdigest()
    assert system.client_id == made["clientId"]
    shown = invoke(["system", "show", "HR", "--data", str(kem.data)])[1]
    assert made["clientSecret"] not in shown


def test_a_generated_key_stays_here_with_mode_600(kem: Desk, tmp_path: Path) -> None:
    """The hub has the public half of the file that was written."""
    made = amana(kem, "system", "add", "--institution", "KEM", "--code", "HR", "--generate-key", str(tmp_path))
    path = Path(made["privateKeyFile"])
    system = kem.follower.directory.now().system("HR")
    assert system is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [key.key_id for key in system.keys] == [read_key(path).public.key_id]


def test_a_refused_system_leaves_no_key_behind(kem: Desk, tmp_path: Path) -> None:
    """So the corrected command can be repeated; a key that was there before is never touched."""
    words = ["system", "add", "--institution", "WRONG", "--code", "HR", "--generate-key", str(tmp_path / "keys")]
    status, text = invoke([*words, "--data", str(kem.data)])
    assert (status, "AMANA-CHANGE-002" in text) == (1, True)
    assert list((tmp_path / "keys").iterdir()) == []
    amana(kem, "system", "add", "--institution", "KEM", "--code", "HR", "--generate-key", str(tmp_path / "keys"))
    before = (tmp_path / "keys" / "HR.pem").read_bytes()
    status, _ = invoke([*words, "--data", str(kem.data)])
    assert (status, (tmp_path / "keys" / "HR.pem").read_bytes()) == (1, before)


def test_a_rotated_key_overlaps_and_a_revoked_one_ends(kem: Desk, tmp_path: Path) -> None:
    """After a rotation both keys are valid; after revoking the old one only the new one is."""
    amana(kem, "system", "add", "--institution", "KEM", "--code", "HR", "--generate-key", str(tmp_path / "a"))
    old = amana(kem, "system", "show", "HR")["keys"][0]["keyId"]
    amana(kem, "system", "rotate-key", "HR", "--generate-key", str(tmp_path / "b"))
    both = [key["valid"] for key in amana(kem, "system", "show", "HR")["keys"]]
    amana(kem, "system", "revoke-key", "HR", old)
    left = [key["keyId"] for key in amana(kem, "system", "show", "HR")["keys"] if key["valid"]]
    assert both == [True, True]
    assert left == [read_key(tmp_path / "b" / "HR.pem").public.key_id]


def test_a_code_is_what_the_adapters_manifest_says(kem: Desk) -> None:
    """Direction, contract, dedupe rule and its fields come from the manifest and are signed."""
    amana(kem, "api", "add", "--code", "ADMS-ATT", "--adapter", "zkteco_adms", "--exchange", "attlog")
    found = kem.follower.directory.now().api("ADMS-ATT")
    assert found is not None
    assert (found.direction, found.contract, found.dedupe, found.assurance) == (
        "in",
        "wire:zkteco_adms.attlog",
        "natural-key",
        "device",
    )
    assert found.fields


@pytest.mark.parametrize(("adapter", "exchange"), [("nobody", "x"), ("siasn", "x")])
def test_an_unknown_exchange_names_what_there_is(kem: Desk, adapter: str, exchange: str) -> None:
    """Before anything is sent, with the names to choose from."""
    words = ["api", "add", "--code", "X", "--adapter", adapter, "--exchange", exchange, "--data", str(kem.data)]
    status, text = invoke(words)
    assert (status, "choose one of: " in text) == (1, True)
    assert kem.control_end() == 2


def test_grants_are_given_and_taken_back(kem: Desk, tmp_path: Path) -> None:
    """The listing shows the state, and the directory follows it."""
    amana(kem, "system", "add", "--institution", "KEM", "--code", "HR", "--generate-key", str(tmp_path))
    amana(kem, "api", "add", "--code", "SIASN-EMP", "--adapter", "siasn", "--exchange", "employees")
    amana(kem, "grant", "add", "--system", "HR", "--code", "SIASN-EMP")
    assert kem.follower.directory.now().granted("HR", "SIASN-EMP") is True
    amana(kem, "grant", "revoke", "--system", "HR", "--code", "SIASN-EMP")
    assert kem.follower.directory.now().granted("HR", "SIASN-EMP") is False
    assert "revoked" in invoke(["grant", "list", "--data", str(kem.data)])[1]


def test_a_grant_has_the_options_of_its_adapter(kem: Desk, tmp_path: Path) -> None:
    """Given with the grant or set later, shown in the listing; one that the adapter does not have is refused, with those
    that it has, and changes nothing."""
    amana(kem, "system", "add", "--institution", "KEM", "--code", "HR", "--generate-key", str(tmp_path))
    amana(kem, "api", "add", "--code", "HCMIS-EMP", "--adapter", "hcmis", "--exchange", "employees")
    named = ("--system", "HR", "--code", "HCMIS-EMP")
    for words in (("add", *named, "--option", "dateform=x"), ("add", *named, "--option", "page")):
        assert invoke(["grant", *words, "--data", str(kem.data)])[0] != 0
    assert not kem.follower.directory.now().granted("HR", "HCMIS-EMP")
    amana(kem, "grant", "add", *named, "--option", "dateFormat=DD/MM/YYYY")
    wrong = ["grant", "options", *named, "--option", "unit=workStation", "--option", "units=x"]
    status, text = invoke([*wrong, "--data", str(kem.data)])
    assert (status, "hcmis has these: activeStatuses, dateFormat" in text) == (1, True)
    assert "dateFormat=DD/MM/YYYY" in invoke(["grant", "list", "--data", str(kem.data)])[1]
    amana(kem, "grant", "options", *named, "--option", "unit=workStation")
    grant = kem.follower.directory.now().grant("HR", "HCMIS-EMP")
    assert grant is not None
    assert dict(grant.options) == {"unit": "workStation"}


def test_a_device_has_a_secret_path_that_is_shown_once(kem: Desk) -> None:
    """The hub keeps the digest of the path and finds the device by it."""
    made = amana(kem, "device", "add", "--institution", "KEM", "--adapter", "zkteco_adms", "--serial", "CKJB20336",
                 "--zone", "+07:00", "--secret-path", "--option", "TimeZone=7")  # fmt: skip
    device = kem.follower.directory.now().device_by_path(made["secretPath"])
    assert device is not None
    assert (device.id, device.options["TimeZone"]) == (made["result"]["id"], "7")
    listed = invoke(["device", "list", "--data", str(kem.data)])[1]
    assert [hidden for hidden in (made["secretPath"], "CKJB20336") if hidden in listed] == []


def test_a_device_has_the_options_of_its_adapter(kem: Desk) -> None:
    """Those that it declares, of some of them any number, and those of the clock; a mistyped one is refused, with what there
    is, and adds nothing."""
    words = ["device", "add", "--institution", "KEM", "--serial", "S1", "--files-only"]
    for adapter, option in (
        ("zkteco_adms", "Timezone=7"),
        ("zkteco_adms", "command.=CHECK"),
        ("zkteco_attlog", "Stamp=0"),
    ):
        status, text = invoke([*words, "--adapter", adapter, "--option", option, "--data", str(kem.data)])
        assert (status, f"{adapter} has these: " in text) == (1, True), option
    assert list(kem.follower.directory.now().devices()) == []
    taken = ("--option", "command.7=CHECK", "--option", "Stamp=0", "--option", "trial=yes")
    amana(kem, *words, "--adapter", "zkteco_adms", *taken)
    amana(kem, *words[:-2], "S2", words[-1], "--adapter", "zkteco_attlog", "--option", "clockOffsetMinutes=60")


def test_a_subscription_has_the_options_of_its_adapter(kem: Desk, tmp_path: Path) -> None:
    """Those of the adapter of its code and the hub's own; of a contract, whose records no adapter renders, the hub's own
    alone."""
    amana(kem, "system", "add", "--institution", "KEM", "--code", "PAY", "--generate-key", str(tmp_path))
    amana(kem, "api", "add", "--code", "TUKIN", "--adapter", "adk_tukin", "--exchange", "files")
    words = ["subscription", "add", "--system", "PAY"]
    for named, option, said in (
        (("--code", "TUKIN"), "documentbefore=7", "adk_tukin has these: documentBefore, folder"),
        (("--contract", "pay.run"), "documentBefore=7", "no adapter"),
    ):
        status, text = invoke([*words, *named, "--option", option, "--data", str(kem.data)])
        assert (status, said in text) == (1, True), text
    assert list(kem.follower.directory.now().subscriptions("TUKIN")) == []
    amana(kem, *words, "--code", "TUKIN", "--option", "documentBefore=7", "--option", "folder=gaji")
    amana(kem, *words, "--contract", "pay.run", "--option", "folder=run")


def test_a_device_needs_a_source(kem: Desk) -> None:
    """Neither network nor secret path: refused, and the detail says which are missing."""
    words = ["device", "add", "--institution", "KEM", "--adapter", "zkteco_adms", "--serial", "S1"]
    status, text = invoke([*words, "--data", str(kem.data)])
    assert (status, "a network or a secret path" in text) == (1, True)


def test_what_waits_to_be_collected_is_shown(kem: Desk, tmp_path: Path) -> None:
    """How many messages and how old the oldest is, in the list and in the status; nothing for what is called."""
    amana(kem, "system", "add", "--institution", "KEM", "--code", "PAY", "--generate-key", str(tmp_path))
    amana(kem, "api", "add", "--code", "SURAT", "--relay")
    amana(kem, "subscription", "add", "--system", "PAY", "--code", "SURAT", "--collect")
    amana(kem, "subscription", "add", "--system", "PAY", "--contract", "pay.run", "--endpoint", "http://127.0.0.1:9/")
    place = {"subscription": "PAY.SURAT", "system": "PAY", "key": "k", "topic": "outbox.PAY", "partition": 0}
    row = place | {"state": "waiting", "attempts": 0, "secret_id": "s"}
    kem.write(
        Write(
            "delivery",
            [
                row | {"id": f"m{n}", "request_id": f"r{n}", "offset": n, "updated": 86_400_000 + n, "since": n}
                for n in (1, 0)
            ],
        ),
        Write(
            "delivery",
            [row | {"id": "done", "request_id": "r", "offset": 9, "updated": 1, "since": 1, "state": "confirmed"}],
        ),
    )
    listed = {row["id"]: (row["waiting"], row["oldestAt"]) for row in amana(kem, "subscription", "list")["items"]}
    assert listed == {"PAY.SURAT": (2, "1970-01-02T00:00:00.000Z"), "PAY.pay.run": (None, None)}
    with kem.client() as client:
        collected = client.get("/api/v1/status")["collected"]
    assert collected == [
        {"subscription": "PAY.SURAT", "system": "PAY", "waiting": 2, "oldestAt": "1970-01-02T00:00:00.000Z"}
    ]


def test_a_subscription_is_paused_and_resumed(kem: Desk, tmp_path: Path) -> None:
    """By the id that the hub gave it."""
    amana(kem, "system", "add", "--institution", "KEM", "--code", "PAY", "--generate-key", str(tmp_path),
          "--endpoint", "http://127.0.0.1:9/esb")  # fmt: skip
    amana(kem, "api", "add", "--code", "TUKIN-OUT", "--adapter", "adk_tukin", "--exchange", "files")
    made = amana(kem, "subscription", "add", "--system", "PAY", "--code", "TUKIN-OUT")
    name = made["result"]["id"]
    amana(kem, "subscription", "pause", name)
    paused = amana(kem, "subscription", "list")["items"][0]["paused"]
    amana(kem, "subscription", "resume", name)
    assert (paused, amana(kem, "subscription", "list")["items"][0]["paused"]) == (True, False)


def test_an_operator_signs_with_the_key_that_was_made(desk: Desk, tmp_path: Path) -> None:
    """The new operator's key file works with `--operator`, and not after a suspension."""
    key = tmp_path / "second.pem"
    made = amana(desk, "operator", "add", "--name", "second", "--person", "Person Two", "--generate-key", str(key))
    words = ["institution", "list", "--data", str(desk.data), "--operator", str(key)]
    before = invoke(words)[0]
    amana(desk, "operator", "suspend", made["result"]["operator"])
    status, text = invoke(words)
    assert (before, status, "AMANA-OPER-001" in text) == (0, 1, True)


def test_a_public_key_in_any_form_is_taken(kem: Desk, tmp_path: Path) -> None:
    """PEM or DER, as institutions hand them over."""
    pem, der = tmp_path / "a.pem", tmp_path / "b.der"
    first, second = generate(), generate("secp256k1")
    pem.write_text(first.public.pem())
    der.write_bytes(second.public.der())
    for code, path in (("A", pem), ("B", der)):
        amana(kem, "system", "add", "--institution", "KEM", "--code", code, "--public-key", str(path))
    view = kem.follower.directory.now()
    systems = [view.system(code) for code in ("A", "B")]
    assert [system.keys[0].key_id for system in systems if system] == [first.public.key_id, second.public.key_id]


def test_an_rsa_key_is_registered_for_a_system_that_is_allowed_one(kem: Desk, tmp_path: Path) -> None:
    """Adding and renewing alike: refused, naming the option, until `--allow-rsa` is said."""
    old = [PrivateKey(rsa.generate_private_key(65537, 2048)) for _ in range(2)]
    files = [tmp_path / "first.pem", tmp_path / "second.pem"]
    for file, key in zip(files, old, strict=True):
        file.write_text(key.public.pem())
    add = ["system", "add", "--institution", "KEM", "--code", "OLD", "--public-key", str(files[0])]
    renew = ["system", "rotate-key", "OLD", "--public-key", str(files[1])]
    for words in (add, renew):
        status, text = invoke([*words, "--data", str(kem.data)])
        assert (status, "--allow-rsa" in text) == (1, True)
        amana(kem, *words, "--allow-rsa")
    system = kem.follower.directory.now().system("OLD")
    assert system is not None
    assert [(key.key_id, key.allow_rsa) for key in system.keys] == [(key.public.key_id, True) for key in old]


def test_the_tree_shows_units_and_systems_below_their_institution(kem: Desk, tmp_path: Path) -> None:
    """Depth first, page by page; what belongs to no unit stands below its institution."""
    amana(kem, "institution", "add", "--code", "AGENCY", "--name", "Agency", "--parent", "KEM")
    amana(kem, "unit", "add", "--institution", "KEM", "--code", "DIR", "--name", "Directorate")
    amana(kem, "unit", "add", "--institution", "KEM", "--code", "BURO", "--name", "Office", "--parent", "DIR")
    for system, words in (("HR", ["--unit", "BURO"]), ("GATE", [])):
        place = ["--institution", "KEM", "--generate-key", str(tmp_path / system)]
        amana(kem, "system", "add", "--code", system, *place, *words)
    rows: list[Any] = []
    after: list[str] = []
    while True:
        found = amana(kem, "institution", "list", "--tree", "--limit", "2", *after)
        rows += found["items"]
        if found["next"] is None:
            break
        after = ["--after", found["next"]]
    assert [(row["kind"], row["code"], row["depth"]) for row in rows] == [
        ("institution", "KEM", 0),
        ("unit", "DIR", 1),
        ("unit", "BURO", 2),
        ("system", "HR", 3),
        ("system", "GATE", 1),
        ("institution", "AGENCY", 1),
    ]
    text = invoke(["institution", "list", "--tree", "--data", str(kem.data)])[1]
    assert "    BURO" in text
    assert [row["parent"] for row in amana(kem, "unit", "list", "--institution", "KEM")["items"]] == ["DIR", None]
    assert amana(kem, "system", "show", "HR")["unit"] == "BURO"
