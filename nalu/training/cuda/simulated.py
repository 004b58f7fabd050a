"""Stand-ins for what Numba's CUDA simulator lacks: warps, which it knows nothing of.

The simulator runs every thread of a block as a thread of Python. A warp is `WARP` of them
that meet at a barrier.
"""

from __future__ import annotations

import threading

WARP = 4
_PATIENCE = 60.0  # seconds, after which a thread that never comes breaks the barrier
_lock = threading.Lock()


def device(function):
    """A function of the device is a function."""
    return function


def fma(a, b, c):
    """$ab + c$, rounded twice."""
    return a * b + c


def sync_block() -> None:
    """All threads of the block meet."""
    threading.current_thread().syncthreads()


def sync_warp() -> None:
    """The threads of this thread's warp meet."""
    me = threading.current_thread()
    with _lock:
        barriers = me._manager.__dict__.setdefault("barriers", {})
        barrier = barriers.setdefault(me.thread_id // WARP, threading.Barrier(WARP))
    barrier.wait(_PATIENCE)
