r"""What all units share: a map from `[..., in_features]` to `[..., out_features]`.

A unit offers

* ``weight()``: the effective weight matrix $W$ of its equation, `[out, in]` (`[2, out, in]`
  for a unit with two of them),
* ``forward(x)``: the equation,
* ``penalty()``: the sparsity regulariser $\mathcal R_{sparse}$, a scalar, zero where the
  papers define none,
* ``project_()``: puts the parameters back into their range after an optimiser step,

and, like every PyTorch layer, ``reset_parameters()``. Units with a gate add ``gate(x)``.
"""

from __future__ import annotations

from numbers import Integral
from typing import Any

import torch
from torch import Generator, Tensor, nn

EPSILON = 1e-7
"""The authors' $\\epsilon$ in $\\log(|x| + \\epsilon)$."""


def clamp(W: Tensor, low: float, high: float) -> Tensor:
    """`W` where it is from `low` to `high`, else the nearer of the two.

    Its gradient is 1 on the boundary, too: there the projection puts weights, which have to come back. That of
    PyTorch's own clamp is 0 there from version 2.14 on, and was 1 before.
    """
    return torch.where((W >= low) & (W <= high), W, W.detach().clamp(low, high))


class Unit(nn.Module):
    """Base of all units: sizes, what is refused, and the defaults of a unit without penalty or range.

    A unit of your own creates its parameters in ``_build``, draws them in ``reset_parameters``, and says in
    ``weight`` and ``forward`` what it computes.
    """

    def __init__(self, in_features: int, out_features: int, generator: Generator | None = None,
                 device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> None:
        """Create the parameters and draw the authors' initial weights.

        Parameters
        ----------
        in_features, out_features : int
            Sizes $I$ and $O$ of the last dimension of input and output.
        generator : torch.Generator, optional
            Source of the initial weights; the global generator without it.
        device, dtype : optional
            Where and in which precision the parameters live.

        Raises
        ------
        ValueError
            If a size is no integer of at least 1.
        """
        super().__init__()
        for name, size in (("in_features", in_features), ("out_features", out_features)):
            if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
                raise ValueError(f"{name} is {size!r}; a unit needs an integer of at least 1")
        self.in_features = in_features
        self.out_features = out_features
        self._build(device=device, dtype=dtype)
        self.reset_parameters(generator)

    def __call__(self, x: Tensor, *more: Tensor) -> Tensor:
        """Refuse an input of another size, which some equations would take, and apply the unit."""
        if x.shape[-1:] != (self.in_features,):
            found = x.shape[-1] if x.ndim else "none"
            raise ValueError(f"{type(self).__name__} takes {self.in_features} features, the input has {found}")
        return super().__call__(x, *more)

    def _build(self, **kind: Any) -> None:
        """Create the parameters, uninitialised; `kind` is device and dtype."""
        raise NotImplementedError

    def _matrix(self, **kind: Any) -> nn.Parameter:
        return nn.Parameter(torch.empty(self.out_features, self.in_features, **kind))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw the authors' initial weights."""
        raise NotImplementedError

    def weight(self) -> Tensor:
        """The effective weight matrix, `[out, in]`."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Apply the equation: `x` is `[..., in_features]`, the result `[..., out_features]`.

        Call the unit itself, ``unit(x)``, as with every PyTorch layer; it raises ``ValueError`` if the last
        dimension of `x` is not `in_features`.
        """
        raise NotImplementedError

    def penalty(self) -> Tensor:
        """Sparsity regulariser: 0, the papers define none for this unit."""
        return self.weight().new_zeros(())

    def project_(self) -> None:
        """Nothing to do: the parameters of this unit may take any value."""

    def extra_repr(self) -> str:
        """The sizes, as `print` shows them."""
        return f"{self.in_features}, {self.out_features}"
