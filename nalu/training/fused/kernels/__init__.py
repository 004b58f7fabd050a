"""The units of the fused engine. A new unit is a new file and a row here.

A kernel is a few small functions on flat parameters `p` and effective weights `w`, inputs
`x` `[I, B]`, outputs `y` `[O, B]` and scratch memory `s`:

* ``weight(p, w)``: effective weights from parameters,
* ``forward(w, x, y, s)``: the unit's equation; what `backward` needs stays in `s`,
* ``backward(w, x, y, dy, dw, dx, s)``: adds the gradients for `w` and, if `dx` has rows, `x`,
* ``chain(p, w, dw, dp)``: gradient for the parameters from that for the weights,
* ``scratch(I, O, B)``: how many numbers of scratch memory it wants; not compiled,
* ``penalty(p, scale, dp)``: value of the sparsity regulariser; adds its gradient to `dp`,
* ``project(p)``: puts the parameters into their range.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nalu.training.fused.kernels import gated_nau_nmu, linear, nac, nac_mul, nalu, nau, nmu
from nalu.training.fused.maps import kernel


@kernel
def no_penalty(p, scale, dp):
    """The papers define none."""
    return p.dtype.type(0)


@kernel
def no_project(p):
    """Any value is allowed."""


@dataclass(frozen=True)
class Kernel:
    """One unit. `parameters` are the names of its tensors in the order of `p`; its weights
    are `matrices` matrices `[O, I]`, the first `sparse` of which have a sparsity error,
    then `vectors` vectors `[O]`. A `gated` kernel keeps its gate first in the scratch."""

    parameters: tuple[str, ...]
    weight: Callable
    forward: Callable
    backward: Callable
    chain: Callable
    scratch: Callable
    penalty: Callable = no_penalty
    project: Callable = no_project
    matrices: int = 1
    vectors: int = 0
    sparse: int = 1
    gated: bool = False


_NAC = ("W_hat", "M_hat")
KERNELS = {
    "Linear": Kernel(("W", "b"), linear.weight, linear.forward_linear, linear.backward_linear,
                     linear.chain, linear.scratch, vectors=1),
    "ReLU": Kernel(("W", "b"), linear.weight, linear.forward_relu, linear.backward_relu,
                   linear.chain, linear.scratch, vectors=1),
    "ReLU6": Kernel(("W", "b"), linear.weight, linear.forward_relu6, linear.backward_relu6,
                    linear.chain, linear.scratch, vectors=1),
    "NAC": Kernel(_NAC, nac.weight, nac.forward, nac.backward, nac.chain, nac.scratch),
    "NACMul": Kernel(_NAC, nac.weight, nac_mul.forward, nac_mul.backward, nac.chain,
                     nac_mul.scratch),
    "NACMulSigma": Kernel(("W_hat",), nac_mul.weight_sigma, nac_mul.forward, nac_mul.backward,
                          nac_mul.chain_sigma, nac_mul.scratch),
    "NACMulNMU": Kernel(("W",), nmu.weight, nac_mul.forward, nac_mul.backward, nmu.chain,
                        nac_mul.scratch, nmu.penalty, nmu.project),
    "NALU": Kernel(("nac.W_hat", "nac.M_hat", "G"), nalu.weight_shared, nalu.forward_shared,
                   nalu.backward_shared, nalu.chain_shared, nalu.scratch, matrices=2,
                   gated=True),
    "NALUSeparate": Kernel(("add.W_hat", "add.M_hat", "mul.W_hat", "mul.M_hat", "G"),
                           nalu.weight_separate, nalu.forward_separate, nalu.backward_separate,
                           nalu.chain_separate, nalu.scratch, matrices=3, sparse=2, gated=True),
    "NAU": Kernel(("W",), nau.weight, nac.forward, nac.backward, nau.chain, nac.scratch,
                  nau.penalty, nau.project),
    "NAUNoClamp": Kernel(("W",), nau.weight, nac.forward, nac.backward, nau.chain, nac.scratch,
                         nau.penalty),
    "NMU": Kernel(("W",), nmu.weight, nmu.forward, nmu.backward, nmu.chain, nmu.scratch,
                  nmu.penalty, nmu.project),
    "NMUNoClamp": Kernel(("W",), nmu.weight, nmu.forward, nmu.backward, nmu.chain, nmu.scratch,
                         nmu.penalty),
    "GatedNAUNMU": Kernel(("nau.W", "nmu.W", "G"), gated_nau_nmu.weight, gated_nau_nmu.forward,
                          gated_nau_nmu.backward, gated_nau_nmu.chain, gated_nau_nmu.scratch,
                          gated_nau_nmu.penalty, gated_nau_nmu.project, matrices=3, sparse=2,
                          gated=True),
}
"""Name of the unit's class -> its kernel. The position is its code in compiled code."""


def switch(name: str) -> Callable:
    """The function `name` of every kernel as one: its first argument is the kernel's code."""
    functions = list(dict.fromkeys(getattr(row, name) for row in KERNELS.values()))
    # One flat chain of comparisons, written out as text: functions nested in one another
    # would be compiled again at every level.
    lines = ["def call(code, *arguments):"]
    for f, function in enumerate(functions):
        codes = [c for c, row in enumerate(KERNELS.values()) if getattr(row, name) is function]
        test = " or ".join(f"code == {c}" for c in codes)
        lines.append(f"    {'if' if f == 0 else 'elif'} {test}:")
        lines.append(f"        result = f{f}(*arguments)")
    scope = {f"f{f}": function for f, function in enumerate(functions)}
    exec("\n".join([*lines, "    return result"]), scope)
    return kernel(scope["call"])


weight, forward, backward = switch("weight"), switch("forward"), switch("backward")
chain, penalty, project = switch("chain"), switch("penalty"), switch("project")
