"""Children never outlive their parent, even when it is killed with -9.

Rule: two independent means. The parent holds the write end of a pipe; a child that reads end-of-file on it ends at once.
Where the kernel can (Linux), it also kills the child when the parent dies. Ending at once is safe: durability never
depends on an orderly end.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from typing import Final

ORPHANED: Final = 70
"""Exit status of a child whose parent is gone."""

_PR_SET_PDEATHSIG: Final = 1


def hold(pipe: int, parent: int) -> None:
    """Call first in a child: `pipe` is the read end, `parent` the process id of the parent."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel was told
        os._exit(ORPHANED)
    threading.Thread(target=_watch, args=(pipe,), name="lifeline", daemon=True).start()


def _watch(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    os._exit(ORPHANED)
