"""Pictures of digits: MNIST where it has been downloaded, and scikit-learn's small digits everywhere.

Both have the form of MNIST, 28 × 28 grey levels of 0 to 255 and a label of 0 to 9, and
three parts:

* ``mnist``: the first 55,000 training images train, the last 5,000 validate, the 10,000
  test images test, as in the authors' code;
* ``digits``: 1,797 images of 8 × 8 (Alpaydin and Kaynak 1998), each pixel repeated three
  times in both directions and two more set to 0 at each border; the first 1,197 train, the
  next 300 validate, the last 300 test.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np

from nalu.support import check, extras
from nalu.tasks import idx

PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class Digits:
    """Images and labels, and which of them belong to which part.

    Parameters
    ----------
    name : str
    images : numpy.ndarray
        Grey levels, uint8 `[N, 28, 28]`.
    labels : numpy.ndarray
        0 to 9, int64 `[N]`.
    parts : mapping
        Name of a part -> first index, and the one after the last.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    parts: Mapping[str, tuple[int, int]]

    def part(self, name: str) -> range:
        """Indices of the images of a part."""
        return range(*self.parts[check.one_of(name, PARTS, "part")])


def mnist() -> Digits:
    """MNIST from the folder that the environment variable ``NALU_MNIST`` names.

    Raises
    ------
    FileNotFoundError
        If the variable is not set, or a file is missing.
    ValueError
        If a file has a wrong checksum.
    """
    folder = idx.folder()
    if folder is None:
        raise FileNotFoundError(f"the data 'mnist' need the environment variable {idx.VARIABLE}, the folder of their "
                                "files; python -m nalu.tasks.idx FOLDER downloads them")
    train, train_labels, test, test_labels = (
        idx.read(folder / name, checksum) for name, checksum in idx.CHECKSUMS.items())
    return _joined("mnist", (train[:55_000], train[55_000:], test),
                   np.concatenate([train_labels, test_labels]))


def small() -> Digits:
    """The digits that come with scikit-learn, enlarged to the size of MNIST's."""
    extras.need("train", "sklearn")
    from sklearn.datasets import load_digits

    found = load_digits()
    grey = np.round(found.images * (255 / 16)).astype(np.uint8)  # 0..16 -> 0..255
    large = np.pad(grey.repeat(3, axis=1).repeat(3, axis=2), ((0, 0), (2, 2), (2, 2)))
    return _joined("digits", (large[:1197], large[1197:1497], large[1497:]), found.target)


SOURCES = MappingProxyType({"mnist": mnist, "digits": small})
"""Name -> function that loads it."""


@cache
def load(name: str) -> Digits:
    """The digits of that name, read once.

    Raises
    ------
    ValueError, FileNotFoundError
        If the name is unknown, or MNIST is not there or not right.
    """
    return SOURCES[check.one_of(name, SOURCES, "data")]()


def at_hand() -> str:
    """``mnist`` where its folder is named, else ``digits``."""
    return "digits" if idx.folder() is None else "mnist"


def _joined(name: str, images: tuple[np.ndarray, ...], labels: np.ndarray) -> Digits:
    """One array with a range of indices per part."""
    ends = np.cumsum([0, *map(len, images)])
    parts = {part: (int(ends[k]), int(ends[k + 1])) for k, part in enumerate(PARTS)}
    return Digits(name, np.concatenate(images), labels.astype(np.int64), MappingProxyType(parts))
