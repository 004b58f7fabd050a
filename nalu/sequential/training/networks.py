r"""The network of sequential MNIST: one convolutional network for all pictures, one cell.

$$l_t = \mathrm{CNN}(x_t), \qquad h_t = \mathrm{cell}(l_t, h_{t-1}), \qquad \hat y_t = h_t$$
"""

import torch
from torch import Tensor, nn

from nalu.experiments.sequential_conditions import SequenceCondition
from nalu.experiments.sequential_models import RECURRENT
from nalu.sequential.training.cells import LSTM, Accumulator, PassThrough, UnitCell
from nalu.sequential.training.cnn import CNN


class Network(nn.Module):
    """Convolutional network and cell; `cell` is one of `nalu.sequential.training.cells`."""

    def __init__(self, cnn: nn.Module, cell: nn.Module) -> None:
        super().__init__()
        self.cnn, self.cell = cnn, cell

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Outputs, numbers and cell inputs of sequences of pictures.

        Parameters
        ----------
        x : Tensor
            Pictures `[n, L, 1, 28, 28]`; all go through the convolutional network at once.

        Returns
        -------
        outputs, numbers : Tensor
            `[n, L]` each.
        inputs : Tensor or None
            What the unit sees at every position, `[L, n, 2]`; None without a unit.
        """
        numbers = self.cnn(x.flatten(0, 1)).view(x.shape[:2])  # [n L, 1] -> [n, L]
        outputs, inputs = self.accumulate(numbers)
        return outputs, numbers, inputs

    def accumulate(self, numbers: Tensor) -> tuple[Tensor, Tensor | None]:
        """Outputs `[n, L]` and cell inputs of numbers `[n, L]`."""
        state = self.cell.start(numbers[:, :1])
        outputs, inputs = [], []
        for l in numbers.split(1, -1):
            if isinstance(self.cell, UnitCell):
                inputs.append(self.cell.inputs(l, state))
            state = self.cell(l, state)
            outputs.append(self.cell.output(state))
        return torch.cat(outputs, -1), torch.stack(inputs) if inputs else None

    def penalty(self) -> Tensor | float:
        """The unit's sparsity regulariser; 0 without a unit."""
        return self.cell.unit.penalty() if isinstance(self.cell, UnitCell) else 0.0

    def project_(self) -> None:
        """Put the unit's weights back into their range."""
        if isinstance(self.cell, UnitCell):
            self.cell.unit.project_()

    def weight(self) -> Tensor | None:
        """The unit's effective weights for picture and state, `[1, 2]`; None without a unit."""
        return self.cell.unit.weight() if isinstance(self.cell, UnitCell) else None

    def reset_parameters(self) -> None:
        """Draw the initial weights, those of the convolutional network first."""
        self.cnn.reset_parameters()
        self.cell.reset_parameters()


def build(condition: SequenceCondition, seed: int | None = None) -> Network:
    """The network of a condition.

    With a seed, its initial weights are drawn as in the authors' code: once when the
    modules of PyTorch are made, then all of them in the network's constructor and once more
    in the training script. The global generator is left as it was. Without a seed it is
    the source.
    """
    if seed is None:
        network = Network(CNN(), _cell(condition))
        network.reset_parameters()
        network.reset_parameters()
        return network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build(condition)


def _cell(condition: SequenceCondition) -> nn.Module:
    row, state = RECURRENT[condition.model], condition.initial_state
    if row.cell == "LSTM":
        return LSTM(condition.state_size, state)
    if row.cell == "reference":
        return Accumulator(condition.task.operation, state)
    if row.cell == "pass_through":
        return PassThrough(condition.task.operation, state)
    return UnitCell(row.cell, state, row.logs)
