"""What goes out to ESS Utumishi is signed with the key that the subscription names, and the adapter never has it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.kit import AdapterError, Canonical, MessageContext, Skipped
from adapters.kit.cases import read_cases, run
from adapters.kit.registry import load
from hub.signers import Signers
from signing.keyfiles import write_key
from signing.keys import PrivateKey, generate

ESS = load("ess_deduction")
RSA = PrivateKey(rsa.generate_private_key(public_exponent=65537, key_size=2048))
NAMED = {"signingKey": "malipo"}


@pytest.fixture
def signers(tmp_path: Path) -> Signers:
    (tmp_path / "signing").mkdir()
    write_key(tmp_path / "signing" / "malipo.pem", RSA)
    return Signers(tmp_path)


def records() -> list[dict[str, Any]]:
    """The deductions of the golden case that goes out."""
    case = next(
        case
        for case in read_cases(ESS)
        if case.target == "deductions-out" and not (case.folder / "error.toml").exists()
    )
    found: list[dict[str, Any]] = case.input["records"]
    return found


def read_back(body: bytes, options: Mapping[str, str]) -> list[Any]:
    institution = records()[0]["value"]["institution"]
    return list(ESS.translate("deductions", body, MessageContext("S", institution, "C", 0, options=options)))


def test_a_document_is_signed_by_the_named_key_and_read_back(signers: Signers) -> None:
    """Whoever has the public half believes it, and reads the very records; one changed byte, and nobody does."""
    given = records()
    [page, *_] = ESS.render_records("deductions-out", given, NAMED, signers.of(NAMED))
    assert isinstance(page.body, bytes)
    believing = {"publicKey": RSA.public.pem()}
    items = read_back(page.body, believing)
    assert [item.value for item in items if isinstance(item, Canonical)]
    assert all(item.value in [record["value"] for record in given] for item in items if isinstance(item, Canonical))
    with pytest.raises(AdapterError) as caught:
        read_back(page.body.replace(b"<CheckNumber>9", b"<CheckNumber>8"), believing)
    assert caught.value.kind == "signature-wrong"


def test_nothing_goes_out_unsigned_where_a_key_is_named(signers: Signers, tmp_path: Path) -> None:
    """A key that is not there, that others may read, or that is no RSA key: refused by name, to be retried."""
    write_key(tmp_path / "signing" / "curve.pem", generate())
    for name in ("nobody", "curve", "../hub", "malipo"):
        if name == "malipo":
            (tmp_path / "signing" / "malipo.pem").chmod(0o644)
            signers = Signers(tmp_path)
        options = {"signingKey": name}
        with pytest.raises(AdapterError) as caught:
            ESS.render_records("deductions-out", records(), options, signers.of(options))
        assert caught.value.kind == "key-missing"


def test_a_renewed_key_signs_from_then_on(signers: Signers, tmp_path: Path) -> None:
    """The file is read again once it was changed; without a name nothing signs, and the key shows in no repr."""
    assert signers.of({}) is None
    before = signers.of(NAMED)
    assert before is not None
    assert signers.of(NAMED) is before
    path = tmp_path / "signing" / "malipo.pem"
    path.unlink()
    write_key(path, PrivateKey(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    after = signers.of(NAMED)
    assert after is not None
    assert before.sign(b"x") != after.sign(b"x")
    assert "RSA" not in repr(before)
    assert "PrivateKey" not in repr(signers)


def test_an_answer_is_believed_only_with_a_signature_and_ours_has_none(signers: Signers) -> None:
    """Nobody published that answers are signed: those that come in are asked for it, ours are a gap that the manifest names."""
    taken = next(case for case in read_cases(ESS) if case.name == "060-delivered")
    answer = run(ESS, taken)["text_when_stored"]
    assert answer.endswith("<Signature></Signature></Document>")
    assert any("RESPONSE" in gap and "empty Signature" in gap for gap in ESS.manifest.gaps)
    key = signers.of(NAMED)
    assert key is not None
    data = answer.removeprefix("<Document>").partition("<Signature>")[0]
    signature = b64encode(key.sign(data.encode())).decode()
    context = MessageContext("S", "I", "C", 0, options={"publicKey": RSA.public.pem()})
    signed = f"<Document>{data}<Signature>{signature}</Signature></Document>"
    [said] = ESS.translate("responses", signed.encode(), context)
    assert said == Skipped(0, "response-taken")
    for forged in (answer, signed.replace("8000", "8001")):
        with pytest.raises(AdapterError) as caught:
            ESS.translate("responses", forged.encode(), context)
        assert caught.value.kind == "signature-wrong"
