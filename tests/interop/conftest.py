"""One hub and one Node process for this folder (for each worker, where tests are spread)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.demo.hubprocess import HubProcess
from tests import means
from tests.interop.node import MissingError, Node, install
from tests.interop.site import Site


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """The published connector in a process of its own."""
    try:
        install()
    except MissingError as missing:
        if "node" in means.required():
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
    running = Node()
    yield running
    running.close()


@pytest.fixture(scope="session")
def site(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A hub that is served by the real command."""
    hub = HubProcess(tmp_path_factory.mktemp("interop") / "hub")
    hub.start()
    try:
        yield Site(hub, node)
    finally:
        hub.stop()
