"""Every unit is its equation, and so is its gradient."""

import math

import numpy as np
import pytest
import torch
from torch.func import functional_call
from unit_cases import EPSILON, GATED, HARD, NAMES, allowed, fill, make, smooth

# -- the equations once more, as loops over Python floats --------------------------------


def sigmoid(y):
    return 1.0 / (1.0 + math.exp(-y))


def clip(w, low, high):
    return min(max(w, low), high)


def dot(W, x):
    return [sum(w * v for w, v in zip(row, x, strict=True)) for row in W]


def exp_dot_log(W, x):
    return [math.exp(y) for y in dot(W, [math.log(abs(v) + EPSILON) for v in x])]


def nmu(W, x):
    return [math.prod(w * v + 1.0 - w for w, v in zip(row, x, strict=True)) for row in W]


def gate(G, a, m, x):
    g = [sigmoid(y) for y in dot(G, x)]
    return [gi * ai + (1.0 - gi) * mi for gi, ai, mi in zip(g, a, m, strict=True)]


def each(function, *matrices):
    """A matrix from the entries of others, as nested lists."""
    return [[function(*entries) for entries in zip(*rows, strict=True)]
            for rows in zip(*matrices, strict=True)]


def nac_weight(P, prefix=""):
    return each(lambda w, m: math.tanh(w) * sigmoid(m), P[prefix + "W_hat"], P[prefix + "M_hat"])


def nau_weight(P, prefix=""):
    return each(lambda w: clip(w, -1.0, 1.0), P[prefix + "W"])


def nmu_weight(P, prefix=""):
    return each(lambda w: clip(w, 0.0, 1.0), P[prefix + "W"])


def selu(y):
    return 1.0507009873554805 * (y if y > 0 else 1.6732632423543772 * (math.exp(y) - 1.0))


# -- later units ---------------------------------------------------------------------------

PHI = (1.0 + math.sqrt(5.0)) / 2.0
EPS = 2.0**-23


def sign(v):
    return (v > 0) - (v < 0)


def signs(W, x):
    return [math.prod(sign(v) * abs(w) + 1.0 - abs(w) for w, v in zip(row, x, strict=True)) for row in W]


def tanh_phi(u):
    return (PHI ** (2 * u) - 1.0) / (PHI ** (2 * u) + 1.0)


def sigmoid_phi(u):
    return 1.0 / (1.0 + PHI**-u)


def inalu(P, W, x):
    m = [math.exp(min(y, 20.0)) for y in dot(W[1], [math.log(max(abs(v), EPSILON)) for v in x])]
    parts = zip(P["g"], dot(W[0], x), m, signs(W[1], x), strict=True)
    return [sigmoid(g) * a + (1.0 - sigmoid(g)) * mo * s for g, a, mo, s in parts]


def gnalu(P, W, x):
    g = [sigmoid_phi(y) for y in dot(P["G"], x)]
    m = [PHI**y for y in dot(W, [math.log(abs(v) + EPSILON, PHI) for v in x])]
    return [gi * a + (1.0 - gi) * mi for gi, a, mi in zip(g, dot(W, x), m, strict=True)]


def npu(g, W, x):
    """The real part of a complex power, of the inputs that the gate selects."""
    found = []
    for re, im in zip(*W, strict=True):
        total = 0j
        for wr, wi, gi, v in zip(re, im, g, x, strict=True):
            gi = clip(gi, 0.0, 1.0)
            total += (wr + 1j * wi) * (math.log(gi * (abs(v) + EPS) + 1.0 - gi) + 1j * math.pi * gi * (v < 0))
        found.append(math.exp(total.real) * math.cos(total.imag))
    return found


def none(W):
    return [[0.0] * len(row) for row in W]


def nmru(W, x):
    found = []
    for pair in zip(*W, strict=True):
        factors = [(w, v) for row, of in zip(pair, (x, [1.0 / v for v in x]), strict=True) for w, v in zip(row, of, strict=True)]
        found.append(math.prod(w * abs(v) + 1.0 - w for w, v in factors) * math.cos(math.pi * sum(w for w, v in factors if v < 0)))
    return found


def shares(P, prefix=""):
    totals = [sum(math.exp(r) for r in column) for column in zip(*P[prefix + "R"], strict=True)]
    return [[math.exp(r) / t for r, t in zip(row, totals, strict=True)] for row in P[prefix + "R"]]


def mcfc_weight(P, prefix=""):
    gates = [sigmoid(w + b) for w, b in zip(P[prefix + "w"], P[prefix + "b"], strict=True)]
    return [[o * s for s in row] for o, row in zip(gates, shares(P, prefix), strict=True)]


def mul_mcfc(P, W, x):
    return [math.exp(y + a) for y, a in zip(dot(W, [math.log(v) for v in x]), P["alpha"], strict=True)]


def mul_mcfc_sign(P, W, x):
    size = [math.exp(a + sum(w * (math.log(abs(v)) if v else -math.inf) for w, v in zip(row, x, strict=True)))
            for a, row in zip(P["alpha"], W, strict=True)]
    return [s * z for s, z in zip(signs(shares(P, "mcfc."), x), size, strict=True)]


def mul_mcfc_sign_realnpu(P, W, x):
    turns = [sum(clip(g, 0.0, 1.0) * s for g, s, v in zip(P["g"], row, x, strict=True) if v < 0) for row in shares(P, "mcfc.")]
    size = [math.exp(a + sum(w * (math.log(abs(v)) if v else -math.inf) for w, v in zip(row, x, strict=True)))
            for a, row in zip(P["alpha"], W, strict=True)]
    return [math.cos(math.pi * turn) * z for turn, z in zip(turns, size, strict=True)]


def normalised(gain, shift, x):
    mean = sum(x) / len(x)
    spread = math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + 1e-5)
    return [g * (v - mean) / spread + s for g, s, v in zip(gain, shift, x, strict=True)]


def dmu_gate(P, x):
    lin, *log = ([of + b for of, b in zip(dot(G, normalised(P["gain"], P["shift"], x)), bias, strict=True)]
                 for G, bias in zip(P["G"], P["b"], strict=True))
    return [float(one >= other) for one, other in zip(lin, log[0] if log else [0.0] * len(lin), strict=True)]


def softplus(y):
    return y if y > 20.0 else math.log1p(math.exp(y))


def dmu(P, W, x):
    found = []
    for g, o in zip(dmu_gate(P, x), W, strict=True):
        lin = sum(w * v for w, v in zip(o, x, strict=True))
        log = sum(w * math.log(max(abs(v), 1e-20)) for w, v in zip(o, x, strict=True))
        log = softplus(50.0 - softplus(50.0 - log) + 50.0) - 50.0
        signs = math.tanh(1e4 * lin), math.prod(-1.0 for v in x if v < 0)
        sizes = max(math.sqrt(lin**2 + 1e-8), 1e-20), math.exp(log)
        mixed = [g * one + (1.0 - g) * other for one, other in (signs, sizes)]
        found.append(mixed[0] * clip(mixed[1], 1e-20, 1e20))
    return found


def nru(W, x):
    return [math.prod(sign(v) * abs(v) ** w * abs(w) + 1.0 - abs(w) for w, v in zip(row, x, strict=True)) for row in W]


ACTIVATIONS = {
    "Linear": lambda y: y,
    "ReLU": lambda y: max(0.0, y),
    "ReLU6": lambda y: min(6.0, max(0.0, y)),
    "ELU": lambda y: y if y > 0 else math.exp(y) - 1.0,
    "SELU": selu,
    "Tanh": math.tanh,
    "Sigmoid": sigmoid,
    "Softsign": lambda y: y / (1.0 + abs(y)),
}
WEIGHTS = {
    "NAC": nac_weight,
    "NACMul": nac_weight,
    "NACMulSigma": lambda P: each(sigmoid, P["W_hat"]),
    "NACMulNMU": nmu_weight,
    "NALU": lambda P: nac_weight(P, "nac."),
    "NALUSeparate": lambda P: [nac_weight(P, "add."), nac_weight(P, "mul.")],
    "NAU": nau_weight,
    "NAUNoClamp": nau_weight,
    "NMU": nmu_weight,
    "NMUNoClamp": nmu_weight,
    "GatedNAUNMU": lambda P: [nau_weight(P, "nau."), nmu_weight(P, "nmu.")],
    "INALU": lambda P: [each(lambda w, m: math.tanh(w) * sigmoid(m), P[f"W_{k}_hat"], P[f"M_{k}_hat"]) for k in "am"],
    "GNALU": lambda P: each(lambda w, m: tanh_phi(w) * sigmoid_phi(m), P["nac.W_hat"], P["nac.M_hat"]),
    "NPU": lambda P: [P["W_re"], P["W_im"]],
    "RealNPU": lambda P: P["W"],
    "RealNPUModified": nau_weight,
    "NRU": nau_weight,
    "NMRU": lambda P: [nmu_weight({"W": W}) for W in P["W"]],
    "SNMU": nmu_weight,
    "SNMUBatch": nmu_weight,
    "MCFC": mcfc_weight,
    "MulMCFC": lambda P: mcfc_weight(P, "mcfc."),
    "MulMCFCSign": lambda P: mcfc_weight(P, "mcfc."),
    "MulMCFCSignRealNPU": lambda P: mcfc_weight(P, "mcfc."),
} | {
    f"DMU{form}": lambda P, others=others: [[others if i else 1.0 for i, _ in enumerate(P["gain"])] for _ in P["b"][0]]
    for form, others in {"Add": 1.0, "Sub": -1.0, "AddSingle": 1.0, "SubSingle": -1.0}.items()
} | {name: (lambda P: P["W"]) for name in ACTIVATIONS}
OUTPUTS = {
    "NAC": lambda P, W, x: dot(W, x),
    "NACMul": lambda P, W, x: exp_dot_log(W, x),
    "NACMulSigma": lambda P, W, x: exp_dot_log(W, x),
    "NACMulNMU": lambda P, W, x: exp_dot_log(W, x),
    "NALU": lambda P, W, x: gate(P["G"], dot(W, x), exp_dot_log(W, x), x),
    "NALUSeparate": lambda P, W, x: gate(P["G"], dot(W[0], x), exp_dot_log(W[1], x), x),
    "NAU": lambda P, W, x: dot(W, x),
    "NAUNoClamp": lambda P, W, x: dot(W, x),
    "NMU": lambda P, W, x: nmu(W, x),
    "NMUNoClamp": lambda P, W, x: nmu(W, x),
    "GatedNAUNMU": lambda P, W, x: gate(P["G"], dot(W[0], x), nmu(W[1], x), x),
    "INALU": inalu,
    "GNALU": gnalu,
    "NPU": lambda P, W, x: npu(P["g"], W, x),
    "RealNPU": lambda P, W, x: npu(P["g"], [W, none(W)], x),
    "RealNPUModified": lambda P, W, x: npu(P["g"], [W, none(W)], x),
    "NRU": lambda P, W, x: nru(W, x),
    "NMRU": lambda P, W, x: nmru(W, x),
    "SNMU": lambda P, W, x: nmu(W, x),
    "SNMUBatch": lambda P, W, x: nmu(W, x),
    "MCFC": lambda P, W, x: dot(W, x),
    "MulMCFC": mul_mcfc,
    "MulMCFCSign": mul_mcfc_sign,
    "MulMCFCSignRealNPU": mul_mcfc_sign_realnpu,
} | dict.fromkeys(HARD, dmu) | {
    name: (lambda P, W, x, f=f: [f(y + b) for y, b in zip(dot(W, x), P["b"], strict=True)])
    for name, f in ACTIVATIONS.items()
}


def mean(W):
    return sum(map(sum, W)) / sum(map(len, W))


def nau_penalty(W):
    return mean(each(lambda w: min(abs(w), abs(1.0 - abs(w))), W))


def nmu_penalty(W):
    return mean(each(lambda w: min(abs(w), abs(1.0 - w)), W))


def flat_mean(P, f):
    """Mean of a function over all entries of nested lists."""
    return float(np.vectorize(f)(np.array(P, float)).mean())


def mcfc_penalty(P, prefix=""):
    return -sum(flat_mean(P[prefix + key], lambda p: p * p) for key in "Rwb")


PENALTIES = {
    "NAU": lambda P: nau_penalty(P["W"]),
    "NAUNoClamp": lambda P: nau_penalty(P["W"]),
    "NMU": lambda P: nmu_penalty(P["W"]),
    "NMUNoClamp": lambda P: nmu_penalty(P["W"]),
    "NACMulNMU": lambda P: nmu_penalty(P["W"]),
    "GatedNAUNMU": lambda P: nau_penalty(P["nau.W"]) + nmu_penalty(P["nmu.W"]),
    "INALU": lambda P: sum(flat_mean(P[key], lambda p: max(0.0, 20.0 - abs(p))) for key in P),
    "RealNPUModified": lambda P: flat_mean(P["W"], lambda w: abs(1.0 - abs(w))) + flat_mean(P["g"], lambda g: min(abs(g), abs(1.0 - g))),
    "NRU": lambda P: nau_penalty(P["W"]),
    "NMRU": lambda P: sum(map(nmu_penalty, P["W"])) / 2,
    "SNMU": lambda P: nmu_penalty(P["W"]),
    "SNMUBatch": lambda P: nmu_penalty(P["W"]),
    "MCFC": lambda P: mcfc_penalty(P),
    "MulMCFC": lambda P: mcfc_penalty(P, "mcfc."),
    "MulMCFCSign": lambda P: mcfc_penalty(P, "mcfc."),
    "MulMCFCSignRealNPU": lambda P: mcfc_penalty(P, "mcfc.") + 0.1 * flat_mean(P["g"], lambda g: min(abs(g), abs(1.0 - g))),
}
BY_NEARNESS = [name for name in PENALTIES if name not in ("INALU", "RealNPUModified") and "MCFC" not in name]
"""Units whose penalty is the distance of their weights to the next whole number."""


def out_of_range(name, numbers):
    """The unit with weights beyond every range, some of them exactly 0, ±1 and ½."""
    unit = fill(make(name), numbers, -1.8, 1.8)
    for parameter in unit.parameters():
        parameter.data.view(-1)[:3] = torch.tensor([0.0, 1.0, -1.0], dtype=torch.float64)
    return unit, {key: value.tolist() for key, value in unit.state_dict().items()}


def test_every_unit_has_its_equations_here():
    new = [name for name in NAMES if name not in OUTPUTS or name not in WEIGHTS]
    assert not new, f"give the equations of {new} once more, in WEIGHTS, OUTPUTS and, where it has one, PENALTIES"


@pytest.mark.parametrize("name", NAMES)
def test_forward_is_its_equation_as_a_double_loop(name, numbers, awkward):
    unit, P = out_of_range(name, numbers)
    inputs = allowed(name, awkward)
    loop = [OUTPUTS[name](P, WEIGHTS[name](P), x) for x in inputs.tolist()]
    expected = torch.tensor(loop, dtype=torch.float64)
    torch.testing.assert_close(unit(inputs), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_weight_and_penalty_are_their_equations(name, numbers):
    unit, P = out_of_range(name, numbers)
    expected = torch.tensor(WEIGHTS[name](P), dtype=torch.float64)
    torch.testing.assert_close(unit.weight(), expected, rtol=1e-13, atol=0)
    penalty = PENALTIES.get(name, lambda P: 0.0)(P)
    assert unit.penalty().shape == ()
    assert unit.penalty().item() == pytest.approx(penalty, rel=1e-13, abs=0)


@pytest.mark.parametrize("name", GATED)
def test_gate_is_its_equation(name, numbers, awkward):
    unit, P = out_of_range(name, numbers)
    f = sigmoid_phi if name == "GNALU" else sigmoid
    expected = [dmu_gate(P, x) if name.startswith("DMU") else [f(y) for y in dot(P["G"], x)] for x in awkward.tolist()]
    torch.testing.assert_close(unit.gate(awkward), torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("name", NAMES)
def test_gradients_agree_with_finite_differences(name, numbers):
    unit = fill(smooth(name, 3, 2), numbers, 0.1, 0.4)  # no kink of a clamp or penalty is near
    x = allowed(name, numbers(4, 3, low=0.3, high=2.0) * torch.tensor([1.0, -1.0, 1.0, -1.0])[:, None])
    keys = [key for key, _ in unit.named_parameters()]

    def function(x, *values):
        z = functional_call(unit, dict(zip(keys, values, strict=True)), (x,))
        return z, unit.penalty()

    inputs = [v.clone().requires_grad_() for v in (x, *unit.parameters())]
    assert torch.autograd.gradcheck(function, inputs)


@pytest.mark.parametrize("name", BY_NEARNESS)
def test_penalty_gradient_agrees_with_finite_differences(name, numbers):
    unit = fill(make(name), numbers, 0.1, 0.4)
    unit.penalty().backward()
    for parameter in (p for key, p in unit.named_parameters() if key.endswith("W")):
        share = torch.full_like(parameter, 1.0 / parameter.numel())
        torch.testing.assert_close(parameter.grad, share)  # min(|W|, ...) = W here


# -- the gradient of a product in which factors are exactly zero -------------------------

ZEROS = torch.tensor(  # with W = 1/2 the factor of x = -1 is 0
    [[1.0, 2.0, 3.0, 0.5], [-1.0, 2.0, 3.0, 0.5], [-1.0, 2.0, -1.0, 0.5], [-1.0, -1.0, -1.0, 3.0]],
    dtype=torch.float64,
)


def products_of_the_others(x, W):
    """dz/dx_i = W_i P_i and dz/dW_i = (x_i - 1) P_i, P_i the product of the other factors."""
    factors = W * x + 1.0 - W
    P = torch.tensor([math.prod(factors[:i].tolist() + factors[i + 1 :].tolist())
                      for i in range(len(x))], dtype=x.dtype)
    return W * P, (x - 1.0) * P


def eager(unit, x):
    x = x.clone().requires_grad_()
    unit(x).sum().backward()
    return x.grad, unit.W.grad


def vmapped(unit, x):
    def z(W, x):
        return functional_call(unit, {"W": W}, (x,)).sum()

    dW, dx = torch.func.vmap(torch.func.grad(z, argnums=(0, 1)), (None, 0))(unit.W.detach(), x)
    return dx, dW.sum(0)


def compiled(unit, x):
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler:
        pytest.skip("torch.compile needs a C++ compiler")
    x = x.clone().requires_grad_()
    torch.compile(unit, fullgraph=True)(x).sum().backward()
    return x.grad, unit.W.grad


@pytest.mark.parametrize("how", [eager, vmapped, pytest.param(compiled, marks=pytest.mark.slow)])
def test_nmu_gradient_is_right_where_factors_vanish(how):
    unit = make("NMU", 4, 1)
    unit.W.data.fill_(0.5)
    dx, dW = how(unit, ZEROS)
    expected = [products_of_the_others(x, unit.W.detach()[0]) for x in ZEROS]
    assert expected[1][0][0] != 0 and not expected[2][0].any()  # one zero, two zeros
    torch.testing.assert_close(dx, torch.stack([e[0] for e in expected]), rtol=1e-14, atol=0)
    torch.testing.assert_close(
        dW, torch.stack([e[1] for e in expected]).sum(0, keepdim=True), rtol=1e-14, atol=1e-15)


def test_nmu_gradient_is_right_at_a_zero_input_of_a_selected_factor():
    x, W = torch.tensor([0.0, 2.0, 3.0], dtype=torch.float64), [1.0, 1.0, 0.0]
    unit = make("NMU", 3, 1)
    unit.W.data = torch.tensor([W], dtype=torch.float64)
    dx, dW = eager(unit, x)
    torch.testing.assert_close(dx, torch.tensor([2.0, 0.0, 0.0], dtype=torch.float64))
    torch.testing.assert_close(dW, torch.tensor([[-2.0, 0.0, 0.0]], dtype=torch.float64))
