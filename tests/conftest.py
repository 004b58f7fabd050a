"""Fixtures that several test modules share."""

import sys

import pytest

LONG = ("test_campaign", "test_pages_without_results", "test_recipes", "test_slurm")
"""Modules that take minutes. They begin first, so that no process has to wait for another at the end."""


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.stem not in LONG)


@pytest.fixture(autouse=True)
def one_thread():
    """Small tensors on one thread: quicker, and the same sums everywhere.

    Tests of the reading side never load torch, so this must not load it for them.
    """
    if "torch" not in sys.modules:
        yield
        return
    torch = sys.modules["torch"]
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def numbers():
    """Reproducible float64 tensors: ``numbers(*shape, low, high)``, new ones at each call."""
    import torch

    generator = torch.Generator().manual_seed(20_20)

    def draw(*shape, low=-2.0, high=2.0):
        return torch.empty(shape, dtype=torch.float64).uniform_(low, high, generator=generator)

    return draw


@pytest.fixture
def awkward(numbers):
    """Inputs `[B, 4]` with negative numbers, exact zeros and ones."""
    import torch

    x = numbers(6, 4, low=-3, high=3)
    x[0] = torch.tensor([0.0, 1.0, -1.0, 2.0])
    x[1] = 0.0
    return x


@pytest.fixture
def one_style():
    """The look of all figures; none stays open. For modules that draw: ``usefixtures``."""
    import matplotlib.pyplot as plt

    from nalu.pages.figures import STYLE

    with plt.style.context(STYLE):
        yield
    plt.close("all")
