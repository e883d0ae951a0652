"""Certificates and keys from files: what is taken, what refuses a start, what is read again."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from hub import settings, tls
from hub.errors import ConfigError
from tests.certificates import Authority, Pair


def refusal(folder: Path, **given: Path | None) -> str:
    """The detail with which settings are refused."""
    with pytest.raises(ConfigError) as caught:
        made = settings.load(folder, **given)
        tls.outbound(made)
        tls.inbound(made)
    assert caught.value.code == "AMANA-CONF-007"
    assert caught.value.__cause__ is None
    return caught.value.detail


def test_without_settings_the_system_is_trusted_and_the_hub_serves_plain(tmp_path: Path) -> None:
    """Nothing set: names and certificates are checked all the same, and there is no TLS to serve."""
    made = settings.load(tmp_path)
    context = tls.outbound(made).context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert tls.inbound(made) is None


def test_a_bundle_stands_alone(tmp_path: Path) -> None:
    """With a bundle, no authority of the system is trusted besides it."""
    authority = Authority(tmp_path)
    context = tls.outbound(settings.load(tmp_path, outbound_ca=authority.file)).context()
    assert len(context.get_ca_certs()) == 1
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_callers_show_a_certificate_only_where_an_authority_is_set(tmp_path: Path) -> None:
    """The client's certificate is required exactly with `AMANA_TLS_CLIENT_CA`."""
    authority = Authority(tmp_path)
    pair = authority.give("hub", "localhost")
    given = {"tls_certificate": pair.certificate, "tls_key": pair.key}
    found = [tls.inbound(settings.load(tmp_path, **given, **more)) for more in ({}, {"tls_client_ca": authority.file})]
    assert [made.context().verify_mode for made in found if made] == [ssl.CERT_NONE, ssl.CERT_REQUIRED]
    assert [made.context().minimum_version for made in found if made] == [ssl.TLSVersion.TLSv1_2] * 2


@pytest.mark.parametrize("side", ["outbound", "tls"])
def test_bad_files_are_named_with_what_was_expected(tmp_path: Path, side: str) -> None:
    """Half a pair, a missing file, another key, a key with a passphrase, a key for all to read, no PEM: each says which
    setting and what it wants."""
    authority = Authority(tmp_path)
    pair, other = authority.give("one", "localhost"), authority.give("two", "localhost")
    name = "AMANA_" + side.upper()

    def of(certificate: Path | None, key: Path | None) -> str:
        return refusal(tmp_path, **{f"{side}_certificate": certificate, f"{side}_key": key})

    assert of(pair.certificate, None).startswith(f"{name}_CERTIFICATE and {name}_KEY: both")
    assert of(None, pair.key).startswith(f"{name}_CERTIFICATE and {name}_KEY: both")
    assert of(tmp_path / "none.pem", pair.key).startswith(f"{name}_CERTIFICATE: No such file")
    assert of(pair.certificate, tmp_path / "none.key").startswith(f"{name}_KEY: No such file")
    assert of(tmp_path, pair.key).startswith(f"{name}_CERTIFICATE: ")
    assert of(pair.key, pair.key) == f"{name}_CERTIFICATE: certificates in PEM expected, the hub's own first"
    assert of(pair.certificate, other.key) == f"{name}_KEY: the key of the certificate expected"
    locked = tmp_path / "locked.key"
    locked.touch(0o600)
    held = load_pem_private_key(pair.key.read_bytes(), None)
    locked.write_bytes(held.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"geheim")))
    assert of(pair.certificate, locked) == f"{name}_KEY: a key without passphrase expected"
    noise = tmp_path / "noise.key"
    noise.touch(0o600)
    noise.write_text("geheim")
    assert of(pair.certificate, noise) == f"{name}_KEY: a private key in PEM expected"
    for mode in (0o640, 0o604, 0o700):
        pair.key.chmod(mode)
        assert of(pair.certificate, pair.key) == f"{name}_KEY: mode is {mode:04o}, 0600 expected"


def test_bad_authorities_are_named(tmp_path: Path) -> None:
    """A bundle without a certificate, and an authority for callers without a certificate of the hub's own."""
    authority = Authority(tmp_path)
    pair = authority.give("hub", "localhost")
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing\n")
    expected = "certificates of authorities in PEM expected"
    assert refusal(tmp_path, outbound_ca=empty) == f"AMANA_OUTBOUND_CA: {expected}"
    both = {"tls_certificate": pair.certificate, "tls_key": pair.key}
    assert refusal(tmp_path, **both, tls_client_ca=empty) == f"AMANA_TLS_CLIENT_CA: {expected}"
    assert "both, or no setting for TLS" in refusal(tmp_path, tls_client_ca=authority.file)


def test_an_empty_variable_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set to nothing names no file."""
    monkeypatch.setenv("AMANA_OUTBOUND_CA", "")
    assert settings.load(tmp_path).outbound_ca is None


def replace(pair: Pair, by: Pair) -> None:
    by.certificate.replace(pair.certificate)
    by.key.replace(pair.key)


def test_renewed_files_are_read_again(tmp_path: Path) -> None:
    """The next connection gets the new certificate; while only half of it is there, the old one stays."""
    authority = Authority(tmp_path)
    pair, new = authority.give("hub", "localhost"), authority.give("new", "localhost")
    made = tls.inbound(settings.load(tmp_path, tls_certificate=pair.certificate, tls_key=pair.key))
    assert made is not None
    first = made.context()
    assert made.context() is first
    new.certificate.replace(pair.certificate)
    assert made.context() is first
    new.key.replace(pair.key)
    second = made.context()
    assert second is not first
    pair.key.unlink()
    assert made.context() is second


def test_the_end_of_a_certificate_is_read(tmp_path: Path) -> None:
    """In seconds since 1970, of the first certificate in the file."""
    authority = Authority(tmp_path)
    near, far = (authority.give(name, "localhost", days=days) for name, days in (("near", 1), ("far", 11)))
    apart = tls.valid_until(far.certificate, "x") - tls.valid_until(near.certificate, "x")
    assert apart == pytest.approx(10 * 86_400, abs=10)
