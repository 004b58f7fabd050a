r"""Sequential MNIST: the sum or the product of a sequence of digits, given as pictures.

With the digits $d_1, d_2, \dots$ of a sequence of length $L$, the target at every position is

$$t_k = \sum_{i \le k} d_i \qquad\text{or}\qquad t_k = \prod_{i \le k} d_i, \qquad k = 1 \dots L,$$

the product over digits of 1 to 9 only (Neural Arithmetic Units, section 4.2). A model is
trained on short sequences and tested on long ones.

The images of a part, those whose digit is used, are put into a random order once, and
sequence $j$ consists of the images $jL$ to $(j+1)L - 1$ of that order; what is left over at
the end is dropped. All follows the authors' ``stable_nalu/dataset/sequential_mnist.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nalu.support import check
from nalu.support.check import Refusal

if TYPE_CHECKING:
    from nalu.tasks.digits import Digits

OPERATIONS = ("product", "sum")

ORDER_SEEDS = {"train_full": 62_379_872, "valid": 47_430_696, "test": 88_253_339}
"""The authors' seeds of the orders in which they evaluate: all training images, and the rest."""

TEST_LENGTHS = {"product": tuple(range(1, 21)), "sum": (1, 10, *range(100, 1001, 100))}
TRAIN_LENGTH = {"product": 2, "sum": 10}


@dataclass(frozen=True)
class SequentialMNIST:
    """The task for one operation; the defaults are the paper's.

    Parameters
    ----------
    operation : {"product", "sum"}
    train_length : int, optional
        Images in a training sequence; 2 for the product, 10 for the sum.
    test_lengths : sequence of int, optional
        1 to 20 for the product; 1, 10, 100, 200 ... 1000 for the sum.

    Raises
    ------
    ValueError
        If the operation is unknown or a length smaller than 1.
    """

    operation: str = "product"
    train_length: int | None = None
    test_lengths: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        check.one_of(self.operation, OPERATIONS, "operation")
        length = TRAIN_LENGTH[self.operation] if self.train_length is None else self.train_length
        lengths = TEST_LENGTHS[self.operation] if self.test_lengths is None else self.test_lengths
        lengths = tuple(check.integer(n, "a test length", at_least=1) for n in lengths)
        object.__setattr__(self, "train_length", check.integer(length, "train_length", at_least=1))
        object.__setattr__(self, "test_lengths", lengths)

    @property
    def used(self) -> tuple[int, ...]:
        """The digits that occur: no 0 in a product, which would end it."""
        return tuple(range(1 if self.operation == "product" else 0, 10))

    def order(self, digits: Digits, part: str, seed: int | None = None) -> np.ndarray:
        """Indices of the images of a part in the order in which sequences are cut.

        Parameters
        ----------
        digits
        part
            ``train``, whose order depends on the seed of the run; ``train_full``, the same
            images in the order in which they are evaluated; ``valid`` or ``test``.
        seed
            Of the run; for ``train`` only.

        Returns
        -------
        numpy.ndarray
            int64, indices into ``digits.images``.
        """
        check.one_of(part, ("train", *ORDER_SEEDS), "part")
        own = training_seed(seed) if part == "train" else ORDER_SEEDS[part]
        within = np.array(digits.part(part.removesuffix("_full")), np.int64)
        usable = within[np.isin(digits.labels[within], self.used)]
        return np.random.RandomState(own).permutation(usable)

    def targets(self, labels: np.ndarray) -> np.ndarray:
        """Sum or product so far at every position, float32; `[..., L]` digits to `[..., L]`.

        Computed in float64, which holds the products of up to 16 digits exactly, as 9²⁰ does
        not fit into an integer of 64 bits.
        """
        so_far = np.cumprod if self.operation == "product" else np.cumsum
        return so_far(labels.astype(np.float64), axis=-1).astype(np.float32)


def sequences(order: np.ndarray, length: int) -> np.ndarray:
    """Cut an order into sequences, `[N]` to `[N // length, length]`.

    Raises
    ------
    ValueError
        If not even one sequence is that long.
    """
    if length > len(order):
        raise Refusal(f"a sequence of {length} images needs more than the {len(order)} there are")
    return order[: len(order) // length * length].reshape(-1, length)


def training_seed(seed: int) -> int:
    """Seed of the order of the training images: the first number of the run's generator.

    Raises
    ------
    ValueError
        If the seed of the run is no integer, or out of range.
    """
    check.seeds([seed])
    return int(np.random.RandomState(seed).randint(0, 2**32 - 1, dtype=np.int64))
