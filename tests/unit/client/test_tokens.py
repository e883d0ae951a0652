"""The token that is kept between invocations: who may read it, when it is used, when it is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.client import FileTokens, SendingError, Token
from hub.client.tokens import MARGIN_MS, cache_file
from hub.records import Ms
from tests.unit.client.fake_hub import BODY, Hub, receipt, refusal


def kept(tmp_path: Path) -> FileTokens:
    return FileTokens(tmp_path / "cache" / "tokens" / "t.json")


def test_a_second_invocation_uses_the_token_of_the_first(tmp_path: Path) -> None:
    """One request for two programs; the file and its directory are for their owner only."""
    hub = Hub(receipt())
    for _ in range(2):
        with hub.sender(kept(tmp_path)) as sender:
            sender.push("X", BODY)
    assert hub.tokens == 1
    path = kept(tmp_path).path
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [entry.name for entry in path.parent.iterdir()] == ["t.json"]


def test_a_token_near_its_end_is_not_used(tmp_path: Path) -> None:
    """Neither in its last half minute nor after it."""
    hub = Hub(receipt())
    with hub.sender(kept(tmp_path)) as sender:
        sender.push("X", BODY)
    hub.clock.at += 60_000 - MARGIN_MS
    with hub.sender(kept(tmp_path)) as sender:
        sender.push("X", BODY)
    assert hub.tokens == 2


@pytest.mark.parametrize("code", ["AMANA-AUTH-001", "AMANA-AUTH-002"])
def test_a_token_that_is_refused_is_dropped_and_fetched_anew(tmp_path: Path, code: str) -> None:
    """The system was suspended and taken back, or its secret changed: the kept token is worth nothing."""
    kept(tmp_path).put(Token("old", Ms(Hub().clock.at + 3_600_000)))
    hub = Hub(refusal(401, f"{code}: refused"), receipt())
    with hub.sender(kept(tmp_path)) as sender:
        sender.push("X", BODY)
    assert hub.tokens == 1
    again = kept(tmp_path).get(Ms(hub.clock.at))
    assert again is not None
    assert again.text == "t1"


def test_a_fresh_token_that_is_refused_is_final(tmp_path: Path) -> None:
    """No endless fetching: what the hub gave just now and refuses is the hub's word."""
    hub = Hub(refusal(401, "AMANA-AUTH-001: not valid"))
    with hub.sender(kept(tmp_path)) as sender, pytest.raises(SendingError) as failed:
        sender.push("X", BODY)
    assert (failed.value.code, hub.tokens, kept(tmp_path).path.exists()) == ("AMANA-AUTH-001", 1, False)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"token":1,"until":9e9}', b'{"token":"x"}', b"\xff"])
def test_a_file_that_is_no_token_is_an_empty_cache(tmp_path: Path, content: bytes) -> None:
    """Whatever stands there, a token is fetched."""
    path = kept(tmp_path).path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    path.chmod(0o600)
    hub = Hub(receipt())
    with hub.sender(kept(tmp_path)) as sender:
        sender.push("X", BODY)
    assert hub.tokens == 1


def test_a_file_that_others_may_read_is_not_believed(tmp_path: Path) -> None:
    """Mode 0644: somebody else may know it."""
    store = kept(tmp_path)
    store.put(Token("old", Ms(2_000_000_000_000)))
    store.path.chmod(0o644)
    assert kept(tmp_path).get(Ms(0)) is None


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A token behind a symbolic link is somebody else's choice."""
    store = kept(tmp_path)
    store.put(Token("old", Ms(2_000_000_000_000)))
    real = store.path.rename(tmp_path / "elsewhere.json")
    store.path.symlink_to(real)
    assert kept(tmp_path).get(Ms(0)) is None


def test_a_cache_that_cannot_be_written_costs_nothing_but_the_request(tmp_path: Path) -> None:
    """A file stands where the directory should be: sending works, with one token for the whole program."""
    (tmp_path / "cache").write_text("")
    hub = Hub(receipt())
    with hub.sender(kept(tmp_path)) as sender:
        sender.push("X", BODY)
        sender.push("X", BODY)
    assert hub.tokens == 1


def test_the_name_of_the_file_tells_systems_and_hubs_apart_and_holds_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    """One file for each address and client id, below the user's cache directory."""
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    paths = {cache_file(url, client) for url in ("http://a", "http://b/") for client in ("one", "two")}
    assert len(paths) == 4
    assert cache_file("http://b", "one") in paths
    assert all(path.is_relative_to("/cache/amana/tokens") and "one" not in path.name for path in paths)


def test_a_token_shows_in_no_repr() -> None:
    """Nothing of it can get into a log that way."""
    assert "hush" not in repr(Token("hush", Ms(1)))
