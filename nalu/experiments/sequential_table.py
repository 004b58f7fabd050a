"""The experiments on sequential MNIST: one declarative table. Data only.

The first two are the papers', at full length. The others are what a laptop can do: fewer
epochs and seeds on the same pictures, or scikit-learn's small digits; the ramp of the
sparsity regulariser is shortened in proportion, and where there are few pictures so are the
batches. Figures say which it is.
"""

from collections.abc import Mapping

from nalu.experiments.sequential_conditions import SequenceCondition, SequenceExperiment
from nalu.tasks.mnist import SequentialMNIST

_ICLR = "Neural Arithmetic Units"
_IN_CODE = {"lambda_z": 1.0}
_IN_TEXT = {"lambda_z": 1.0, "z_over": "image"}


def _conditions(task: SequentialMNIST, names: Mapping[str, tuple[str, dict]], **fixed) -> tuple[SequenceCondition, ...]:
    """One condition per id: its model, and what differs from the authors' settings."""
    return tuple(SequenceCondition(model, task, id=name, **(fixed | own)) for name, (model, own) in names.items())


_PRODUCT = {
    "reference": ("reference", {}),
    "NMU-Rz": ("NMU", _IN_CODE), "NMU": ("NMU", {}),
    "NAC_mul_NMU-Rz": ("NAC_mul_NMU", _IN_CODE), "NAC_mul_NMU": ("NAC_mul_NMU", {}),
    "NAC_mul_sigma": ("NAC_mul_sigma", {}), "NAC_mul": ("NAC_mul", {}),
    "NALU": ("NALU", {}), "LSTM": ("LSTM", {}),
}
_SUM = {
    "reference": ("reference", {}),
    "NAU-Rz": ("NAU", _IN_CODE), "NAU": ("NAU", {}),
    "NAC_add-Rz": ("NAC_add", _IN_CODE), "NAC_add": ("NAC_add", {}),
    "NALU": ("NALU", {}), "LSTM": ("LSTM", {}),
}
_CORRECTED_PRODUCT = {  # see the departures mnist-initial-state, mnist-lstm and r-z
    "NMU-Rz_image": ("NMU", _IN_TEXT), "NAC_mul_NMU-Rz_image": ("NAC_mul_NMU", _IN_TEXT),
    "NALU-h0=1": ("NALU", {"initial_state": 1.0}), "LSTM-20": ("LSTM", {"state_size": 20}),
}
_CORRECTED_SUM = {"NAU-Rz_image": ("NAU", _IN_TEXT), "LSTM-20": ("LSTM", {"state_size": 20})}
_LAST_PICTURE = {"pass_through": ("pass_through", {})}
_MORE = {"reference": ("reference", {"seeds": range(10)})}  # an interval of few runs is wide
_FEW_PRODUCT = {name: _PRODUCT[name] for name in (
    "reference", "NMU-Rz", "NAC_mul", "NAC_mul_sigma", "LSTM", "NMU")} | _MORE
_FEW_SUM = {name: _SUM[name] for name in ("reference", "NAU-Rz", "NAC_add", "NAU", "LSTM")} | _MORE

TABLE = (
    SequenceExperiment(
        "mnist_product", "Products of handwritten digits",
        f"{_ICLR}, Figure 4 and appendix: ablation of R_z",
        _conditions(SequentialMNIST("product"), _PRODUCT | _CORRECTED_PRODUCT | _LAST_PICTURE),
        published=("sequential_mnist_prod_long", "sequential_mnist_prod_long_ablation")),
    SequenceExperiment(
        "mnist_sum", "Sums of handwritten digits",
        f"{_ICLR}, appendix: sequential MNIST, sum",
        _conditions(SequentialMNIST("sum"), _SUM | _CORRECTED_SUM | _LAST_PICTURE),
        published=("sequential_mnist_sum_long", "sequential_mnist_sum_long_ablation")),
    SequenceExperiment(
        "mnist_product_short", "Products of handwritten digits, the first epochs",
        f"{_ICLR}, Figure 4 and appendix: ablation of R_z, with 20 of 1000 epochs and 5 of 10 seeds",
        _conditions(SequentialMNIST("product"), _PRODUCT | _MORE | _CORRECTED_PRODUCT, epochs=20, log_every=2,
                    lambda_start=200, lambda_end=2_000, seeds=range(5)),
        published=("sequential_mnist_prod_long", "sequential_mnist_prod_long_ablation")),
    SequenceExperiment(
        "mnist_sum_short", "Sums of handwritten digits, the first epochs",
        f"{_ICLR}, appendix: sequential MNIST, sum, with 20 of 1000 epochs and 3 of 10 seeds",
        _conditions(SequentialMNIST("sum"), _SUM | _MORE | _CORRECTED_SUM, epochs=20, log_every=2,
                    lambda_start=200, lambda_end=2_000, seeds=range(3)),
        published=("sequential_mnist_sum_long", "sequential_mnist_sum_long_ablation")),
    SequenceExperiment(
        "digits_product", "Products of scikit-learn's small digits",
        f"{_ICLR}, Figure 4, on other pictures, with 240 of 1000 epochs and 3 of 10 seeds",
        _conditions(SequentialMNIST("product"), _FEW_PRODUCT, data="digits", epochs=240, log_every=24,
                    batch_size=16, lambda_start=200, lambda_end=2_000, seeds=range(3)),
        published=("sequential_mnist_prod_long", "sequential_mnist_prod_long_ablation")),
    SequenceExperiment(
        "digits_sum", "Sums of scikit-learn's small digits",
        f"{_ICLR}, appendix: sequential MNIST, sum, on other pictures, with 80 of 1000 epochs, "
        "3 of 10 seeds, and up to 300 pictures",
        _conditions(SequentialMNIST("sum", test_lengths=(1, 10, 100, 200, 300)), _FEW_SUM, data="digits",
                    epochs=80, log_every=8, batch_size=8, lambda_start=30, lambda_end=310, seeds=range(3)),
        published=("sequential_mnist_sum_long", "sequential_mnist_sum_long_ablation")),
)
