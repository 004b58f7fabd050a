r"""The two sources of training data. A run is a pure function of its seed.

``authors``
    The authors' own Mersenne-Twister float64 stream, sample by sample; see
    `nalu.tasks.Arithmetic.batches`. Replays the papers' runs.

``philox``
    Counter-based Philox-4x32-10 (Salmon et al. 2011). Batch $t$ of the seed $s$ has the
    inputs $x = \text{low} + (\text{high} - \text{low})\,u$, $u = \lfloor w / 2^8 \rfloor
    2^{-24}$ in float32, where $w$ is the word of element $e = iB + b$ (input $i$, sample
    $b$ of $B$): word $e \bmod 4$ of the block with key $(s, \text{KEY})$ and counter
    $(\lfloor e/4 \rfloor, t, \text{purpose}, 0)$. A second interval is chosen by the top
    bit of the word of purpose 1. No state: any batch can be had at any time.
"""

from __future__ import annotations

import numpy as np

from nalu.tasks import Arithmetic

STREAMS = ("philox", "authors")
KEY = 0x4E414C55  # "NALU"
INPUT, COIN = 0, 1

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = 0x9E3779B9, 0xBB67AE85
_LOW, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)


def philox4x32(counter: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    """Ten rounds of Philox: counters `[..., 4]` to random words `[..., 4]`, uint32."""
    c0, c1, c2, c3 = np.moveaxis(np.asarray(counter, np.uint64), -1, 0)
    k0, k1 = key
    for _ in range(10):
        p0, p1 = _M0 * c0, _M1 * c2
        c0, c2 = (p1 >> _SHIFT) ^ c1 ^ np.uint64(k0), (p0 >> _SHIFT) ^ c3 ^ np.uint64(k1)
        c1, c3 = p1 & _LOW, p0 & _LOW
        k0, k1 = (k0 + _W0) & 0xFFFFFFFF, (k1 + _W1) & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], -1).astype(np.uint32)


def philox_words(seed: int, iteration: int, purpose: int, count: int) -> np.ndarray:
    """The first `count` words of one batch, in the order of their elements."""
    blocks = -(-count // 4)
    counter = np.zeros((blocks, 4), np.uint64)
    counter[:, 0] = np.arange(blocks)
    counter[:, 1:3] = iteration, purpose
    return philox4x32(counter, (seed, KEY)).reshape(-1)[:count]


def philox_inputs(task: Arithmetic, seed: int, iteration: int, batch_size: int) -> np.ndarray:
    """Training inputs of one iteration, float32 `[B, n]`."""
    shape = (task.input_size, batch_size)
    count = shape[0] * shape[1]
    words = philox_words(seed, iteration, INPUT, count)
    u = (words >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)
    parts = [np.float32(low) + np.float32(high - low) * u for low, high in task.train_range]
    if len(parts) == 1:
        return parts[0].reshape(shape).T
    coin = philox_words(seed, iteration, COIN, count) >> np.uint32(31)
    return np.where(coin == 1, parts[0], parts[1]).reshape(shape).T


class Philox:
    """Training batches of several seeds from the ``philox`` stream."""

    def __init__(self, task: Arithmetic, seeds: tuple[int, ...], batch_size: int) -> None:
        self.task, self.seeds, self.batch_size = task, seeds, batch_size

    def batch(self, iteration: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs `[S, B, n]` and targets `[S, B, 1]` of an iteration, both float32."""
        x = [philox_inputs(self.task, s, iteration, self.batch_size) for s in self.seeds]
        t = [self.task.target(xs, s) for xs, s in zip(x, self.seeds, strict=True)]
        return np.stack(x), np.stack(t).astype(np.float32)

    def state(self) -> dict[str, np.ndarray]:
        """Nothing to remember."""
        return {}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Nothing to restore."""


class Authors:
    """Training batches of several seeds from the ``authors`` stream, in sequence."""

    def __init__(self, task: Arithmetic, seeds: tuple[int, ...], batch_size: int) -> None:
        self.task, self.seeds = task, seeds
        self._shape = (batch_size, task.input_size)
        self._rngs = [np.random.RandomState(task.training_seed(s)) for s in seeds]

    def batch(self, iteration: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs `[S, B, n]` and targets `[S, B, 1]` of the next iteration, float32."""
        where = self.task.train_range
        x = [self.task.sample(rng, self._shape, where) for rng in self._rngs]
        t = [self.task.target(xs, s) for xs, s in zip(x, self.seeds, strict=True)]
        return np.stack(x).astype(np.float32), np.stack(t).astype(np.float32)

    def state(self) -> dict[str, np.ndarray]:
        """Words and position of every generator."""
        states = [rng.get_state() for rng in self._rngs]
        return {
            "mt_words": np.stack([s[1] for s in states]),
            "mt_position": np.array([s[2] for s in states], np.int64),
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Continue where `state` was taken."""
        pairs = zip(state["mt_words"], state["mt_position"], strict=True)
        for rng, (words, position) in zip(self._rngs, pairs, strict=True):
            rng.set_state(("MT19937", words, int(position)))


def training_data(stream: str, task: Arithmetic, seeds: tuple[int, ...], batch_size: int):
    """The stream of that name for all seeds."""
    return {"philox": Philox, "authors": Authors}[stream](task, seeds, batch_size)
