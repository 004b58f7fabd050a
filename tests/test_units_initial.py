"""Initial weights: the authors' distributions, not the ones their papers ask for."""

import math

import pytest
import torch
from scipy.integrate import quad
from unit_cases import HARD, NAMES

from nalu import units
from nalu.units.initialisation import glorot_bound, nac_bound, nac_weight_variance

GOLDEN = [  # I, O, r
    (100, 2, 0.5039089041), (5, 1, 5.4255078), (4, 2, 5.4255078), (10, 1, 2.2604681),
    (10, 2, 2.0742481), (100, 10, 0.4838686), (300, 2, 0.2855015),
    (2, 1, 9.4714063859), (4, 1, 9.4714063859), (1, 1, 9.4714063859),
]


@pytest.mark.parametrize("I, O, r", GOLDEN)
def test_nac_bound(I, O, r):
    digits = len(str(r).split(".")[1])
    assert nac_bound(I, O) == pytest.approx(r, abs=0.6 * 10**-digits)
    assert nac_weight_variance(nac_bound(I, O)) == pytest.approx(2 / max(I + O, 5), rel=1e-9)


@pytest.mark.parametrize("r", [0.01, 0.5, 2.0, 9.47])
def test_variance_of_the_nac_weight_by_quadrature(r):
    tanh = quad(lambda w: math.tanh(w) ** 2 / (2 * r), -r, r)[0]
    sigma = quad(lambda m: (1 + math.exp(-m)) ** -2 / (2 * r), -r, r)[0]
    assert nac_weight_variance(r) == pytest.approx(tanh * sigma, rel=1e-6)


def test_variance_of_the_nac_weight_has_its_limits():
    assert nac_weight_variance(0.0) == 0.0
    assert nac_weight_variance(1e6) == pytest.approx(0.5, rel=1e-5)


def half(bound):
    return 0.0, bound


GLOROT = {(100, 2): 0.242536, (2, 1): 1.414214, (300, 200): 0.109545}
UNIFORM = {  # parameter of a unit -> centre and half-width for I inputs and O outputs
    "Linear.W": lambda I, O: half(GLOROT[I, O]),
    "Sigmoid.W": lambda I, O: half(GLOROT[I, O]),
    "Softsign.W": lambda I, O: half(GLOROT[I, O]),
    "Tanh.W": lambda I, O: half(5 / 3 * GLOROT[I, O]),
    "ReLU.W": lambda I, O: half(math.sqrt(6 / I)),
    "ReLU6.W": lambda I, O: half(math.sqrt(6 / I)),
    "ELU.W": lambda I, O: half(math.sqrt(6 / I)),
    "SELU.W": lambda I, O: half(math.sqrt(3 / I)),
    "NAC.W_hat": lambda I, O: half(nac_bound(I, O)),
    "NAC.M_hat": lambda I, O: half(nac_bound(I, O)),
    "NACMul.W_hat": lambda I, O: half(nac_bound(I, O)),
    "NACMul.M_hat": lambda I, O: half(nac_bound(I, O)),
    "NAU.W": lambda I, O: half(min(0.5, GLOROT[I, O])),
    "NAUNoClamp.W": lambda I, O: half(min(0.5, GLOROT[I, O])),
    "NMU.W": lambda I, O: (0.5, 0.25),
    "NMUNoClamp.W": lambda I, O: (0.5, 0.25),
    "NACMulNMU.W": lambda I, O: (0.5, 0.25),
    "NALU.nac.W_hat": lambda I, O: half(nac_bound(I, O)),
    "NALU.nac.M_hat": lambda I, O: half(nac_bound(I, O)),
    "NALU.G": lambda I, O: half(GLOROT[I, O]),
    "NALUSeparate.add.W_hat": lambda I, O: half(nac_bound(I, O)),
    "NALUSeparate.add.M_hat": lambda I, O: half(nac_bound(I, O)),
    "NALUSeparate.mul.W_hat": lambda I, O: half(nac_bound(I, O)),
    "NALUSeparate.mul.M_hat": lambda I, O: half(nac_bound(I, O)),
    "NALUSeparate.G": lambda I, O: half(GLOROT[I, O]),
    "GatedNAUNMU.nau.W": lambda I, O: half(min(0.5, GLOROT[I, O])),
    "GatedNAUNMU.nmu.W": lambda I, O: (0.5, 0.25),
    "GatedNAUNMU.G": lambda I, O: half(GLOROT[I, O]),
    "GNALU.nac.W_hat": lambda I, O: half(nac_bound(I, O)),
    "GNALU.nac.M_hat": lambda I, O: half(nac_bound(I, O)),
    "GNALU.G": lambda I, O: half(GLOROT[I, O]),
    "NPU.W_re": lambda I, O: half(GLOROT[I, O]),
    "RealNPU.W": lambda I, O: half(GLOROT[I, O]),
    "RealNPUModified.W": lambda I, O: half(min(0.5, GLOROT[I, O])),
    "NRU.W": lambda I, O: half(min(0.5, GLOROT[I, O])),
    "NMRU.W": lambda I, O: (0.5, 0.25),
    "SNMU.W": lambda I, O: (0.5, 0.25),
    "SNMUBatch.W": lambda I, O: (0.5, 0.25),
    "DMUAdd.G": lambda I, O: half(math.sqrt(6 / (I + 2 * O))),
    "DMUSub.G": lambda I, O: half(math.sqrt(6 / (I + 2 * O))),
    "DMUAddSingle.G": lambda I, O: half(GLOROT[I, O]),
    "DMUSubSingle.G": lambda I, O: half(GLOROT[I, O]),
}
NORMAL = {f"INALU.{key}": mean for key, mean in {"W_a_hat": 0.88, "M_a_hat": 0.5, "W_m_hat": 0.88, "M_m_hat": 0.5, "g": 0.0}.items()}
FIXED = {"NPU.W_im": 0.0, "NPU.g": 0.5, "RealNPU.g": 0.5, "RealNPUModified.g": 0.5, "MCFC.b": 0.0, "MulMCFC.alpha": 0.0, "MulMCFCSign.alpha": 0.0,
         "MulMCFC.mcfc.b": 0.0, "MulMCFCSign.mcfc.b": 0.0, "MulMCFCSignRealNPU.alpha": 0.0, "MulMCFCSignRealNPU.mcfc.b": 0.0,
         "MulMCFCSignRealNPU.g": 0.5} | {
    f"{name}.{key}": value for name in HARD for key, value in {"b": 0.0, "gain": 1.0, "shift": 0.0}.items()}
ORTHOGONAL = {f"{name}.{key}" for name in ("MCFC", "MulMCFC.mcfc", "MulMCFCSign.mcfc", "MulMCFCSignRealNPU.mcfc") for key in "Rw"}


def draws(key, I, O):
    """About 20,000 initial values of the parameter, of as many units as that takes."""
    name, _, parameter = key.partition(".")
    generator = torch.Generator().manual_seed(8)
    many = -(-20_000 // (I * O))
    made = [getattr(units, name)(I, O, generator).get_parameter(parameter) for _ in range(min(many, 400))]
    return torch.cat([W.detach().flatten() for W in made]).double()


@pytest.mark.parametrize("I, O", [(300, 200), (100, 2), (2, 1)])
@pytest.mark.parametrize("key", UNIFORM)
def test_uniform_initial_weights(key, I, O):
    centre, r = UNIFORM[key](I, O)
    W = draws(key, I, O) - centre
    n = len(W)
    assert W.abs().max() <= r * (1 + 1e-5)
    assert W.abs().max() > r * (1 - 20 / n)
    assert W.mean().abs() < 5 * r / math.sqrt(3 * n)
    relative = 5 * math.sqrt(0.8 / n)  # five standard errors of the variance of a uniform law
    assert W.var().item() == pytest.approx(r**2 / 3, rel=relative)


def test_nmu_variance_is_one_48th():
    assert draws("NMU.W", 300, 200).var().item() == pytest.approx(1 / 48, rel=0.02)


@pytest.mark.parametrize("I, O", [(300, 200), (2, 1)])
def test_nac_mul_sigma_is_glorot_normal(I, O):
    W = draws("NACMulSigma.W_hat", I, O) / math.sqrt(2 / (I + O))
    n = len(W)
    assert W.mean().abs() < 5 / math.sqrt(n)
    assert W.var().item() == pytest.approx(1, rel=5 * math.sqrt(2 / n))
    assert W.pow(4).mean().item() == pytest.approx(3, rel=5 * math.sqrt(96 / n) / 3)  # not uniform


@pytest.mark.parametrize("I, O", [(100, 2), (300, 200)])
def test_nac_weight_has_glorots_variance(I, O):
    generator = torch.Generator().manual_seed(3)
    W = torch.cat([units.NAC(I, O, generator).weight().flatten() for _ in range(100 if O == 2 else 1)])
    assert W.var().item() == pytest.approx(glorot_bound(I, O) ** 2 / 3, rel=0.03)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_has_a_tested_distribution(name):
    keys = {f"{name}.{key}" for key, _ in getattr(units, name)(2, 1).named_parameters()}
    assert keys <= {*UNIFORM, *NORMAL, *FIXED, *ORTHOGONAL, f"{name}.b", "NACMulSigma.W_hat"}


@pytest.mark.parametrize("key", NORMAL)
def test_normal_initial_weights_of_the_inalu(key):
    W = draws(key, 100, 2)
    assert W.mean().item() == pytest.approx(NORMAL[key], abs=0.2 * 5 / math.sqrt(len(W)))
    assert W.std().item() == pytest.approx(0.2, rel=5 / math.sqrt(2 * len(W)))


@pytest.mark.parametrize("key", FIXED)
def test_initial_weights_that_are_not_drawn(key):
    assert (draws(key, 100, 2) == FIXED[key]).all()


def test_orthogonal_initial_weights():
    unit = units.MCFC(100, 2)
    torch.testing.assert_close(unit.R @ unit.R.T, torch.eye(2))
    assert unit.w.norm().item() == pytest.approx(1.0) and torch.equal(units.MCFC(3, 3).R, torch.eye(3))
    signs = {units.MCFC(2, 1, torch.Generator().manual_seed(seed)).w.item() for seed in range(20)}
    assert signs == {-1.0, 1.0} and units.MCFC(2, 1).R.norm().item() == pytest.approx(1.0)


def test_the_nmru_draws_a_row_of_inputs_and_reciprocals():
    unit = units.NMRU(3, 2, torch.Generator().manual_seed(4))
    rows = torch.empty(2, 6).uniform_(0.25, 0.75, generator=torch.Generator().manual_seed(4))
    assert torch.equal(unit.W[0], rows[:, :3]) and torch.equal(unit.W[1], rows[:, 3:])


@pytest.mark.parametrize("name", ["Linear", "ReLU", "ReLU6", "ELU", "SELU", "Tanh", "Sigmoid", "Softsign"])
def test_bias_starts_at_zero(name):
    assert not getattr(units, name)(100, 7).b.any()


@pytest.mark.parametrize("name", NAMES)
def test_a_generator_leaves_the_global_one_alone_and_gives_the_same_numbers(name):
    torch.manual_seed(5)
    unit = getattr(units, name)(6, 3)
    state = torch.get_rng_state()
    other = getattr(units, name)(6, 3, torch.Generator().manual_seed(5))
    assert torch.equal(torch.get_rng_state(), state)
    again = getattr(units, name)(6, 3, torch.Generator().manual_seed(99))
    again.reset_parameters(torch.Generator().manual_seed(5))
    for key, value in unit.state_dict().items():
        assert torch.equal(value, other.state_dict()[key])
        assert torch.equal(value, again.state_dict()[key])
