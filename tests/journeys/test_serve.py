"""`amana serve` as real processes: first start, one hub per directory, children that die, a parent that is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from hub.demo.hubprocess import free_port
from hub.keys import operator_file
from hub.rundir import run_directory
from hub.serve.child import YIELDING
from hub.serve.listening import SOCKET, read_address
from hub.serve.readiness import await_ready, is_ready
from hub.serve.supervisor import DRAIN
from hub.stages.halted import FILE, read_halted, write_halted

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts hubs on `tmp_path / "data"` and ends whatever is left of them."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "hub.serve.supervisor", "--data", str(tmp_path / "data"), "--port", "0"]
        process = subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def child(parent: int, role: str) -> psutil.Process | None:
    """The running process of a role."""
    for process in psutil.Process(parent).children():
        try:
            line = process.cmdline()
        except psutil.Error:
            continue
        if "--role" in line and line[line.index("--role") + 1] == role:
            return process
    return None


def stop(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    process.terminate()
    out, err = process.communicate(timeout=DRAIN + 5)
    return process.returncode, out, err


def test_first_start_makes_keys_and_operator_and_says_so_once(tmp_path: Path, start: Start) -> None:
    """On an empty directory the key file of the first operator is named once; the next start does not repeat it."""
    data = tmp_path / "data"
    path = operator_file(data / "keys", "admin")
    first = start("--role", "gateway")
    assert await_ready(data, 60, lambda: first.poll() is None)
    url = read_address(data)
    status, out, _ = stop(first)
    assert status == 0
    assert str(path) in out
    assert url is not None
    assert url in out
    assert (path.stat().st_mode & 0o777, (data / "keys" / "hub.pem").stat().st_mode & 0o777) == (0o600, 0o600)

    second = start("--role", "gateway")
    assert await_ready(data, 60, lambda: second.poll() is None)
    assert (run_directory(data) / SOCKET).stat().st_mode & 0o777 == 0o600
    status, out, _ = stop(second)
    assert status == 0
    assert str(path) not in out


def test_two_hubs_cannot_run_on_one_directory(tmp_path: Path, start: Start) -> None:
    """The second one refuses to start with exit status 3 and its reason, and does not disturb the first."""
    data = tmp_path / "data"
    first = start("--role", "gateway")
    assert await_ready(data, 60, lambda: first.poll() is None)
    second = start("--role", "gateway")
    _, err = second.communicate(timeout=30)
    assert second.returncode == 3
    assert err.startswith("AMANA-CONF-005")
    assert is_ready(data)


def test_unusable_setting_is_exit_status_3_without_traceback(start: Start) -> None:
    """Whoever operates the hub reads which setting is wrong."""
    process = start("--role", "gateway", AMANA_MAX_BODY="much")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert err.startswith("AMANA-CONF-001")
    assert "AMANA_MAX_BODY" in err
    assert "Traceback" not in err


def test_gateway_that_is_killed_is_started_again_on_the_same_port(tmp_path: Path, start: Start) -> None:
    """The address stays, and a request that comes while nobody listens is answered by the next gateway."""
    data = tmp_path / "data"
    hub = start("--role", "gateway")
    assert await_ready(data, 60, lambda: hub.poll() is None)
    url = read_address(data)
    assert url is not None
    gateway = child(hub.pid, "gateway")
    assert gateway is not None
    gateway.send_signal(signal.SIGKILL)
    gateway.wait(10)
    host, _, port = url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as waiting:
        waiting.sendall(b"GET /healthz HTTP/1.1\r\nhost: hub\r\n\r\n")
        assert waiting.recv(64).startswith(b"HTTP/1.1 200")
    assert await_ready(data, 30)
    again = child(hub.pid, "gateway")
    assert again is not None
    assert again.pid != gateway.pid


def test_the_worker_yields_to_the_gateway(tmp_path: Path, start: Start) -> None:
    """On a busy machine those who wait for an answer go before a pay run."""
    data = tmp_path / "data"
    hub = start()
    assert await_ready(data, 60, lambda: hub.poll() is None)
    assert wait_for((run_directory(data) / FILE).exists)  # its stages run
    gateway, worker = child(hub.pid, "gateway"), child(hub.pid, "worker")
    assert gateway is not None
    assert worker is not None
    assert worker.nice() - gateway.nice() == min(YIELDING, 19 - gateway.nice())


def test_a_halted_stage_shows_at_readyz_until_its_worker_starts_anew(tmp_path: Path, start: Start) -> None:
    """What the worker wrote of a stage makes the gateway unready; the next worker takes it back."""
    data = tmp_path / "data"
    hub = start()
    assert await_ready(data, 60, lambda: hub.poll() is None)
    assert wait_for((run_directory(data) / FILE).exists)  # its stages run
    worker = child(hub.pid, "worker")
    assert worker is not None
    write_halted(data, {"translate": "AMANA-BRAKE-001"})
    assert wait_for(lambda: not is_ready(data))
    worker.send_signal(signal.SIGKILL)
    assert wait_for(lambda: is_ready(data))
    assert read_halted(data) == {}


@pytest.mark.parametrize("mode", [["--role", "gateway,worker"], ["--single-process"]])
def test_children_do_not_outlive_a_parent_that_is_killed(tmp_path: Path, start: Start, mode: list[str]) -> None:
    """After kill -9 of the parent nothing of the hub is left, and the directory is free for the next one."""
    data = tmp_path / "data"
    hub = start(*mode)
    assert await_ready(data, 60, lambda: hub.poll() is None)
    children = psutil.Process(hub.pid).children(recursive=True)
    hub.kill()
    hub.wait(10)
    assert wait_for(lambda: not any(process.is_running() and process.status() != "zombie" for process in children), 5)
    after = start(*mode)
    assert await_ready(data, 60, lambda: after.poll() is None)
    assert stop(after)[0] == 0


def test_draining_finishes_what_is_in_flight(tmp_path: Path, start: Start) -> None:
    """A request that is half sent when the hub is told to stop is still answered; then everything ends."""
    data = tmp_path / "data"
    hub = start("--role", "gateway")
    assert await_ready(data, 60, lambda: hub.poll() is None)
    url = read_address(data)
    assert url is not None
    host, _, port = url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as sender:
        sender.sendall(b"POST /esb/push-request HTTP/1.1\r\nhost: hub\r\ncontent-length: 2\r\n\r\n{")
        begin = time.monotonic()
        hub.terminate()
        assert wait_for(lambda: not is_ready(data), 5)
        sender.sendall(b"}")
        assert sender.recv(64).startswith(b"HTTP/1.1 401")
    hub.communicate(timeout=DRAIN + 5)
    assert hub.returncode == 0
    assert time.monotonic() - begin < DRAIN


def test_log_without_its_keys_is_not_served_with_new_ones(tmp_path: Path, start: Start) -> None:
    """Keys made beside a log that older keys protect would lock it away unseen: the hub refuses to start."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "bus.db").touch()
    process = start("--role", "gateway")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert err.startswith("AMANA-CONF-004")
    assert not (data / "keys").exists()


def test_a_worker_alone_says_how_it_is(tmp_path: Path, start: Start) -> None:
    """Without a gateway the worker answers /readyz and /metrics, on the local socket and on its port, and nothing else;
    it ends by itself when told to."""
    port = free_port()
    hub = start("--role", "worker", "--worker-port", str(port))
    assert await_ready(tmp_path / "data", 60, lambda: hub.poll() is None)

    def get(path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False)

    assert (get("/readyz").status_code, get("/readyz").text) == (200, "ready")
    assert get("/healthz").status_code == 200
    assert 'role="worker"' in get("/metrics").text
    assert get("/oauth/token").status_code == 404
    assert stop(hub)[0] == 0
