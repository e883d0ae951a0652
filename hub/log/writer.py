"""The one thread of a process that writes the log: takes everything that waits, makes one commit of it, answers.

Rule: the thread outlives every error. What SQLite could not store is `TryAgain` for all callers of that commit; what
one caller did wrong is that caller's own error.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import apsw

from hub.errors import HubError, TryAgain
from hub.log.commit import JobError, commit_shared
from hub.log.connections import BUSY_MS, be_patient, guarded, open_connection, prove_writable, reaction, transaction
from hub.log.jobs import AdmitJob, AppendJob, EnsureJob, EraseJob, Job, ProveJob, PutJob, SharedJob, TrimJob, settle
from hub.log.parts import ensure_topics, trim_part
from hub.log.vault import destroy_secrets, finish_erasures
from hub.ports import Clock, KeyWrapper

MAX_JOBS = 1024  # per commit: bounds how long the first caller waits for the last
MAX_COMMIT_BYTES = 1 << 20  # a larger commit is hardly faster, and callers prepare the next one meanwhile
ERASE_WAIT_MS = 2000


class Writer:
    """Start it once; `submit` from any thread; `close` finishes what was submitted."""

    def __init__(
        self,
        path: Path,
        vfs: str | None,
        wrapper: KeyWrapper,
        clock: Clock,
        committed: Callable[[Collection[int]], None],
    ) -> None:
        self._path = path
        self._vfs = vfs
        self._wrapper = wrapper
        self._clock = clock
        self._committed = committed
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._pending = True  # an earlier process may have left erasures unfinished
        self._connection: apsw.Connection | None = open_connection(path, vfs)
        self._truncate_left_over()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Queue a job. Raises `TryAgain` when the log is closed."""
        with self._lock:
            if self._closed:
                raise TryAgain("AMANA-BUS-001", "the log is closed")
            self._queue.put(job)

    def close(self) -> None:
        """Answer everything that was submitted, then stop. Blocks until the thread has ended."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            jobs = self._take()
            try:
                self._round(jobs)
            except Exception as error:  # noqa: BLE001 - nobody may wait for ever; who is told "try again" may be stored
                left = [job for job in jobs if job is not None]
                self._fail(left, error)
                settle(left)
            if jobs[-1] is None:
                self._disconnect()
                return

    def _round(self, jobs: Sequence[Job | None]) -> None:
        shared: list[SharedJob] = []
        for job in jobs:
            if isinstance(job, (AppendJob, AdmitJob, PutJob)):
                shared.append(job)
                continue
            self._share(shared)
            shared = []
            if job is not None:
                self._alone(job)
        self._share(shared)

    def _take(self) -> list[Job | None]:
        job = self._queue.get()
        jobs = [job]
        size = 0
        while job is not None and len(jobs) < MAX_JOBS:
            size += job.size
            if size >= MAX_COMMIT_BYTES:
                break
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            jobs.append(job)
        return jobs

    def _share(self, jobs: Sequence[SharedJob]) -> None:
        left = list(jobs)
        appended: Collection[int] = ()
        while left:
            try:
                appended = commit_shared(self._connected(), left, self._wrapper, self._clock)
            except JobError as error:
                error.job.answer = error.cause
                left.remove(error.job)
                settle([error.job])
                continue
            except Exception as error:  # noqa: BLE001 - whatever it is, the callers get it and the thread goes on
                self._fail(left, error)
            break
        settle(left)
        if appended:
            self._committed(appended)
            if self._pending:
                self._finish(0)

    def _alone(self, job: Job) -> None:
        try:
            connection = self._connected()
            if isinstance(job, EraseJob):
                self._erase(connection, job)
            elif isinstance(job, TrimJob):
                with transaction(connection):
                    trim_part(connection, job.part, job.before)
            elif isinstance(job, ProveJob):
                prove_writable(connection)
            elif isinstance(job, EnsureJob):
                with transaction(connection):
                    ensure_topics(connection, job.topics)
                self._committed(())
        except Exception as error:  # noqa: BLE001 - as above
            self._fail([job], error)
        settle([job])

    def _erase(self, connection: apsw.Connection, job: EraseJob) -> None:
        job.answer = destroy_secrets(connection, job.ids, self._clock.now())
        if job.answer:
            self._pending = True
            if not self._finish(ERASE_WAIT_MS):
                raise TryAgain("AMANA-BUS-001", "the secrets are destroyed, but a reader keeps the WAL")

    def _fail(self, jobs: Sequence[Job], error: Exception) -> None:
        for job in jobs:
            job.answer = reaction(error, "writing")
        self._disconnect()  # whatever state it is in, the next commit starts from the file

    def _finish(self, wait_ms: int) -> bool:
        """Try to finish pending erasures; False when someone is in the way."""
        try:
            connection = self._connected()
            be_patient(connection, wait_ms)
            finish_erasures(connection)
            be_patient(connection, BUSY_MS)
        except (apsw.Error, HubError):
            self._disconnect()
            return False
        self._pending = False
        return True

    def _truncate_left_over(self) -> None:
        # a power cut may have brought back a WAL that was truncated, with secrets erased since
        connection = self._connected()
        be_patient(connection, 0)
        try:
            with guarded("opening the log"):
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except TryAgain:
            pass  # another process is at work on the file
        be_patient(connection, BUSY_MS)

    def _connected(self) -> apsw.Connection:
        if self._connection is None:
            with guarded("opening the log"):
                self._connection = open_connection(self._path, self._vfs)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(force=True)
