"""The files of MNIST: where they are, whether they are the right ones, and what they contain.

They are never part of this repository. The environment variable ``NALU_MNIST`` names a
folder with the four files as they are distributed, compressed; ``python -m
nalu.tasks.idx FOLDER`` downloads them into one.
"""

import gzip
import hashlib
import os
import struct
import sys
import urllib.error
import urllib.request
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nalu.support import files
from nalu.support.check import Refusal
from nalu.support.command import OK, REFUSED, complain

VARIABLE = "NALU_MNIST"

MIRROR = "https://ossci-datasets.s3.amazonaws.com/mnist"
"""Where torchvision takes them from, too."""

CHECKSUMS = {
    "train-images-idx3-ubyte.gz": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte.gz": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte.gz": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte.gz": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""SHA-256 of what is in each file: compressed again, it has other bytes and the same content."""

_UNSIGNED_BYTES = 0x08


def folder() -> Path | None:
    """The folder that ``NALU_MNIST`` names, None where it is not set.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    """
    name = os.environ.get(VARIABLE)
    if not name:
        return None
    if not Path(name).is_dir():
        raise FileNotFoundError(f"{VARIABLE} names {name!r}, which is no folder")
    return Path(name)


def read(path: Path, checksum: str | None = None) -> np.ndarray:
    """Return the array of unsigned bytes in a compressed idx file.

    Parameters
    ----------
    path
        Such as ``train-images-idx3-ubyte.gz``.
    checksum
        SHA-256 that the uncompressed content must have, if any.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If its content has another checksum, or is no idx file.
    """
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    data = _unpacked(path.read_bytes(), checksum, path)
    try:
        zeros, kind, dimensions = struct.unpack(">HBB", data[:4])
        shape = struct.unpack(f">{dimensions}I", data[4:4 + 4 * dimensions])
        if (zeros, kind) != (0, _UNSIGNED_BYTES):
            raise ValueError
        return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (ValueError, struct.error):
        raise Refusal(f"{path} is no idx file of unsigned bytes") from None


def download(target: Path, mirror: str = MIRROR) -> None:
    """Download the four files into a folder; those that are there and right are left alone.

    Raises
    ------
    OSError
        If the mirror cannot be reached or the folder not be written.
    ValueError
        If what it sends, or what lies in the folder, has a wrong checksum.
    """
    for name, checksum in CHECKSUMS.items():
        path = target / name
        if path.is_file():
            _unpacked(path.read_bytes(), checksum, path)
            continue
        try:
            with urllib.request.urlopen(f"{mirror}/{name}") as answer:
                packed = answer.read()
        except urllib.error.URLError as error:
            raise OSError(f"{mirror}/{name}: {error.reason}") from None
        _unpacked(packed, checksum, f"{mirror}/{name}")
        files.write(path, packed)


def _unpacked(packed: bytes, checksum: str | None, what: object) -> bytes:
    """The content of a compressed file, if it is the right one."""
    try:
        data = gzip.decompress(packed)
    except (OSError, EOFError, zlib.error):
        raise Refusal(f"{what} is cut off or not compressed") from None
    found = hashlib.sha256(data).hexdigest()
    if checksum is not None and found != checksum:
        raise Refusal(f"{what} has the checksum {found}; allowed: {checksum}")
    return data


def main(arguments: Sequence[str]) -> int:
    """Download into the folder that is the only argument; return the exit status."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m nalu.tasks.idx FOLDER", file=sys.stderr)
        return REFUSED
    try:
        download(Path(arguments[0]))
    except (OSError, ValueError) as error:
        complain(error)
        return REFUSED
    return OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
