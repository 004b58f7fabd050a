"""Compiled convolutional layers and Adam against PyTorch's."""

import numba
import pytest
import torch

from nalu.sequential.training.cnn import CNN
from nalu.sequential.training.features import adam
from nalu.training.plan import ADAM_EPSILON, BETA1, BETA2


def both(n, seed=0, dark=False):
    """The plain network, the same one compiled, and pictures; half of these without contrast if `dark`."""
    torch.manual_seed(seed)
    plain, ours = CNN(), CNN()
    ours.load_state_dict(plain.state_dict())
    ours.compiled = True
    x = torch.randn(n, 1, 28, 28)
    if dark:
        x[::2] = -0.4242
    return plain, ours, x


@pytest.mark.parametrize("n", [1, 15, 16, 17, 40])
@pytest.mark.parametrize("dark", [False, True])
def test_numbers_and_gradients_are_pytorchs(n, dark):
    plain, ours, x = both(n, dark=dark)
    torch.testing.assert_close(ours(x), plain(x), rtol=1e-5, atol=1e-6)
    for network in (plain, ours):
        network(x).square().sum().backward()
    for (name, p), q in zip(plain.named_parameters(), ours.parameters(), strict=True):
        limit = 1e-4 * p.grad.abs().max()  # the order of sums, where these nearly cancel
        assert (q.grad - p.grad).abs().max() < limit, name


@pytest.mark.parametrize("layer", ["conv1", "conv2"])
def test_kernels_may_lie_in_any_layout(layer):
    plain, ours, x = both(3)
    weight = getattr(ours, layer).weight
    weight.data = weight.data.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(ours(x), plain(x), rtol=1e-5, atol=1e-6)


def test_the_number_of_threads_changes_nothing():
    found, before = [], numba.get_num_threads()
    try:
        for threads in {1, before}:
            numba.set_num_threads(threads)
            _, ours, x = both(70)
            ours(x).square().sum().backward()
            found.append([p.grad for p in ours.parameters()])
    finally:
        numba.set_num_threads(before)
    for p, q in zip(found[0], found[-1], strict=True):
        assert torch.equal(p, q)


@pytest.mark.parametrize("name", ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"])
def test_nan_is_not_lost(name):
    _, ours, x = both(2)
    dict(ours.named_parameters())[name].data.fill_(torch.nan)
    assert ours(x).isnan().all()


def test_steps_of_adam_are_pytorchs():
    torch.manual_seed(0)
    W = torch.randn(7, 5)
    ours, m, v = W.clone(), torch.zeros_like(W), torch.zeros_like(W)
    optimizer = torch.optim.Adam([W.requires_grad_()], 0.01, (BETA1, BETA2), ADAM_EPSILON)
    for t in range(1, 30):
        W.grad = torch.randn(7, 5) * 10.0 ** (t % 5 - 3)
        adam(ours, m, v, W.grad.t().contiguous().t(), t, 0.01)
        optimizer.step()
        torch.testing.assert_close(ours, W.detach(), rtol=1e-5, atol=1e-6)
    W.grad[0, 0] = torch.nan
    adam(ours, m, v, W.grad, 30, 0.01)
    assert ours.isnan().sum() == 1
