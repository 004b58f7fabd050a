"""Sequential MNIST as data: the files, the parts, the order of the images, the targets."""

import gzip
import hashlib
import os
import struct
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from nalu.tasks import SequentialMNIST, digits, idx, mnist
from nalu.tasks.digits import Digits

real = pytest.mark.skipif(not os.environ.get(idx.VARIABLE), reason=f"{idx.VARIABLE} is not set")

PARTS = MappingProxyType({"train": (0, 55_000), "valid": (55_000, 60_000), "test": (60_000, 70_000)})


@pytest.fixture(scope="module")
def blank():
    """As many images as MNIST has, all black, labelled 0 to 9 in turn."""
    return Digits("blank", np.broadcast_to(np.uint8(0), (70_000, 28, 28)), np.arange(70_000) % 10, PARTS)


def packed(array, kind=8):
    """The bytes of a compressed idx file."""
    head = struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape)
    return gzip.compress(head + array.tobytes())


def write_mnist(folder):
    """Four small files in the form of MNIST; their checksums."""
    rng, sums = np.random.RandomState(0), {}
    folder.mkdir()
    for name in idx.CHECKSUMS:
        shape = (7, 28, 28) if "images" in name else (7,)
        data = packed(rng.randint(0, 10, shape).astype(np.uint8))
        (folder / name).write_bytes(data)
        sums[name] = hashlib.sha256(gzip.decompress(data)).hexdigest()
    return sums


def test_a_file_gives_back_its_array(tmp_path):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "a.gz").write_bytes(packed(array))
    np.testing.assert_array_equal(idx.read(tmp_path / "a.gz"), array)


@pytest.mark.parametrize("damage, message", [
    (lambda data: data[: len(data) // 2], "is cut off or not compressed"),
    (lambda data: b"no gzip", "is cut off or not compressed"),
    (lambda data: packed(np.zeros(3, np.uint8), kind=13), "is no idx file of unsigned bytes"),
    (lambda data: gzip.compress(gzip.decompress(data)[:-1]), "is no idx file of unsigned bytes"),
    (lambda data: gzip.compress(b"12"), "is no idx file of unsigned bytes"),
])
def test_a_damaged_file_is_one_line(tmp_path, damage, message):
    path = tmp_path / "a.gz"
    path.write_bytes(damage(packed(np.arange(200, dtype=np.uint8))))
    with pytest.raises(ValueError, match=message) as caught:
        idx.read(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_wrong_checksum_and_a_missing_file_are_one_line(tmp_path):
    path = tmp_path / "a.gz"
    with pytest.raises(FileNotFoundError, match="there is no file"):
        idx.read(path)
    path.write_bytes(packed(np.zeros(3, np.uint8)))
    with pytest.raises(ValueError, match=r"has the checksum [0-9a-f]{64}; allowed: abc"):
        idx.read(path, "abc")


def test_the_folder_is_named_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv(idx.VARIABLE, raising=False)
    assert idx.folder() is None and digits.at_hand() == "digits"
    with pytest.raises(FileNotFoundError, match="need the environment variable NALU_MNIST"):
        digits.mnist()
    monkeypatch.setenv(idx.VARIABLE, str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match="which is no folder"):
        digits.mnist()
    monkeypatch.setenv(idx.VARIABLE, str(tmp_path))
    assert digits.at_hand() == "mnist"
    with pytest.raises(FileNotFoundError, match="train-images"):
        digits.mnist()


def test_download_verifies_and_leaves_alone_what_is_there(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(idx, "CHECKSUMS", write_mnist(tmp_path / "mirror"))
    monkeypatch.setattr(idx, "MIRROR", (tmp_path / "mirror").as_uri())
    idx.download(tmp_path / "here", idx.MIRROR)
    for name in idx.CHECKSUMS:
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "mirror" / name).read_bytes()
    written = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "here").iterdir()}
    idx.download(tmp_path / "here", "file:///nowhere")
    assert written == {p.name: p.stat().st_mtime_ns for p in (tmp_path / "here").iterdir()}
    (tmp_path / "mirror" / "train-labels-idx1-ubyte.gz").write_bytes(packed(np.zeros(7, np.uint8)))
    with pytest.raises(ValueError, match="has the checksum"):
        idx.download(tmp_path / "other", idx.MIRROR)
    assert not (tmp_path / "other" / "train-labels-idx1-ubyte.gz").exists()
    with pytest.raises(OSError, match="nowhere/train-images-idx3-ubyte.gz"):
        idx.download(tmp_path / "third", (tmp_path / "nowhere").as_uri())
    assert idx.main(["--help"]) == 2 and not Path("--help").exists()
    assert idx.main([]) == 2 and "usage" in capsys.readouterr().err


def test_scikit_learns_digits_have_the_form_of_mnist():
    found = digits.load("digits")
    assert found.images.shape == (1797, 28, 28) and found.images.dtype == np.uint8
    assert [len(found.part(name)) for name in digits.PARTS] == [1197, 300, 300]
    assert found.images.max() == 255 and not found.images[:, :2].any() and not found.images[:, :, -2:].any()
    block = found.images[0, 2:26, 2:26].reshape(8, 3, 8, 3)
    assert (block == block[:, :1, :, :1]).all(), "every pixel is repeated three times"
    with pytest.raises(ValueError, match="did you mean 'mnist'"):
        digits.load("minst")


@pytest.mark.parametrize("operation, part, size, first", [
    ("sum", "train", 55_000, [54333, 33598, 26676, 12128]),
    ("sum", "valid", 5_000, [56079, 56382, 58861, 59971]),
    ("sum", "test", 10_000, [62721, 65800, 66682, 66395]),
])
def test_the_order_is_that_of_the_authors_generator(blank, operation, part, size, first):
    """Of the sum, which uses all digits, the order does not depend on what the images show."""
    order = SequentialMNIST(operation).order(blank, part, 0)
    assert len(order) == size == len(set(order.tolist()))
    assert order[:4].tolist() == first
    own = {"valid": 47430696, "test": 88253339, "train": np.random.RandomState(0).randint(0, 2**32 - 1)}
    expected = blank.part(part).start + np.random.RandomState(own[part]).permutation(size)
    np.testing.assert_array_equal(order, expected)


def test_training_images_are_those_that_are_evaluated_in_another_order(blank):
    task = SequentialMNIST("sum")
    train, full = task.order(blank, "train", 7), task.order(blank, "train_full")
    assert sorted(train) == sorted(full) and train[:9].tolist() != full[:9].tolist()
    assert train[:9].tolist() != task.order(blank, "train", 8)[:9].tolist()
    assert mnist.training_seed(0) == 2357136044


def test_a_product_leaves_out_the_zeros_and_keeps_their_order_out_of_the_permutation(blank):
    order = SequentialMNIST("product").order(blank, "valid")
    usable = np.array([i for i in range(55_000, 60_000) if blank.labels[i] != 0])
    np.testing.assert_array_equal(order, np.random.RandomState(47430696).permutation(usable))


def test_sequences_are_cut_one_after_the_other_and_the_rest_is_dropped():
    np.testing.assert_array_equal(mnist.sequences(np.arange(10, 21), 3), [[10, 11, 12], [13, 14, 15], [16, 17, 18]])
    with pytest.raises(ValueError, match="needs more than the 3 there are"):
        mnist.sequences(np.arange(3), 4)


def test_targets_are_sums_and_products_so_far():
    labels = np.array([[3, 4, 5], [9, 1, 2]])
    assert SequentialMNIST("sum").targets(labels).tolist() == [[3, 7, 12], [9, 10, 12]]
    assert SequentialMNIST("product").targets(labels).tolist() == [[3, 12, 60], [9, 9, 18]]
    last = SequentialMNIST("product").targets(np.full((1, 20), 9))[0, -1]
    assert last.dtype == np.float32 and last == np.float32(9.0**20), "no integer overflow"


def test_the_defaults_are_the_papers():
    assert SequentialMNIST("product").train_length == 2 and SequentialMNIST("sum").train_length == 10
    assert SequentialMNIST("product").test_lengths == tuple(range(1, 21))
    assert SequentialMNIST("sum").test_lengths == (1, 10, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000)


@pytest.mark.parametrize("wrong, message", [
    ({"operation": "prod"}, "did you mean 'product'"), ({"train_length": 0}, "train_length"),
    ({"test_lengths": (1, 0)}, "a test length"),
])
def test_what_is_wrong_is_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        SequentialMNIST(**wrong)


@real
def test_mnist_is_split_as_the_authors_split_it():
    found = digits.load("mnist")
    assert {name: len(found.part(name)) for name in digits.PARTS} == {"train": 55_000, "valid": 5_000, "test": 10_000}
    assert np.bincount(found.labels[: 55_000]).tolist() == [
        5434, 6212, 5465, 5622, 5343, 4963, 5436, 5702, 5357, 5466]


@real
@pytest.mark.parametrize("operation, part, count, first, labels", [
    ("product", "train", 24_783, [24340, 33224], [4, 1]), ("product", "valid", 2_255, [59325, 57389], [9, 4]),
    ("product", "test", 4_510, [68399, 69031], [6, 7]),
    ("sum", "train", 5_500, [54333, 33598, 26676, 12128, 16759], [6, 5, 5, 1, 1]),
])
def test_the_first_sequences_of_mnist(operation, part, count, first, labels):
    found, task = digits.load("mnist"), SequentialMNIST(operation)
    cut = mnist.sequences(task.order(found, part, 0), task.train_length)
    assert len(cut) == count
    assert cut[0][: len(first)].tolist() == first
    assert found.labels[cut[0]][: len(labels)].tolist() == labels
