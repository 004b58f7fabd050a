r"""Batches of several plans that differ in nothing but the range of their inputs.

A uniform number in $[l, h)$ is $l + (h - l)\,u$ with $u$ in $[0, 1)$, and the authors' generators of a seed give the same $u$
for every range. So the numbers of a seed are drawn once for all plans, `UPDATES` updates of them in one call, and become inputs and
targets in the tensor program of the update, in double precision as the authors', before they are rounded.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Generator, Tensor

from nalu.tasks import OPERATIONS
from nalu.training.plan import Plan
from nalu.training.streams import training_data

UPDATES = 50
"""Updates whose numbers are drawn at once."""


class Batches:
    """Uniform numbers of all seeds, and what makes inputs and targets of them; a lane is a plan and a seed, seeds of the first plan first.

    Parameters
    ----------
    plans
        They have the same seeds, stream, batch size, operation and number of inputs.
    noise : list of Generator
        Of every seed, the generator of its noise; empty if the unit takes none.
    """

    def __init__(self, plans: tuple[Plan, ...], noise: list[Generator]) -> None:
        self.plans, self.noise = plans, noise
        self.seeds, self.size, self.task = plans[0].seeds, plans[0].batch_size, plans[0].task
        self.first = -UPDATES
        self._rngs = [np.random.RandomState(self.task.training_seed(s)) for s in self.seeds]
        self._others = [training_data(plan.stream, plan.task, self.seeds, self.size) for plan in plans]
        self.scaled = plans[0].stream == "authors" and all(len(plan.task.train_range) == 1 for plan in plans)
        ends = np.array([plan.task.train_range[0] if self.scaled else (0.0, 1.0) for plan in plans])
        self.low, self.width = torch.from_numpy(np.stack([ends[:, 0], ends[:, 1] - ends[:, 0]])).view(2, -1, 1, 1, 1)
        operands = np.array([[start for start, _ in self.task.subsets(s)] for s in self.seeds])
        self._operands = torch.from_numpy(operands)[None, None, :, :, None]  # [1, 1, S, 2, 1]

    def at(self, t: int) -> tuple[Tensor, Tensor, Tensor]:
        """Numbers `[1 or P, S, I, B]`, those of the operands, and noise `[S, I, B]`, empty without, of an update.

        Updates come one after the other.
        """
        if t >= self.first + UPDATES:
            self._begun, self.first = self._generators(), t
            self._draw()
        return self._numbers[t - self.first], self._chosen[t - self.first], self._noise[t - self.first]

    def inputs(self, numbers: Tensor, chosen: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs `[L, B, I]`, targets `[L, B, 1]` and noise `[L, B, I]`.

        The samples of an input lie beside each other in memory, as compiled code wants them.
        """
        x = self.low + self.width * numbers  # [P, S, I, B]
        y = OPERATIONS[self.task.operation].apply((self.low + self.width * chosen).unbind(2))  # [P, S, 2, B] -> [P, S, B]
        u = noise.expand(x.shape[0], *noise.shape)
        x, u = (of.to(torch.float32).flatten(0, 1).transpose(1, 2) for of in (x, u))
        return x, y.to(torch.float32).flatten(0, 1).unsqueeze(-1), u

    def _draw(self) -> None:
        shape = UPDATES, self.size, self.task.input_size
        if self.scaled:
            numbers = np.stack([rng.random_sample(shape) for rng in self._rngs])[None]  # [1, S, T, B, I]
        else:
            drawn = [[data.batch(self.first + k)[0] for k in range(UPDATES)] for data in self._others]  # [P][T][S, B, I]
            numbers = np.array(drawn, np.float64).swapaxes(1, 2)
        self._numbers = torch.from_numpy(np.ascontiguousarray(numbers.transpose(2, 0, 1, 4, 3)))  # [T, 1 or P, S, I, B]
        self._chosen = self._numbers.gather(3, self._operands.expand(*self._numbers.shape[:2], -1, -1, self.size))
        noise = [torch.empty(shape).uniform_(generator=generator) for generator in self.noise]
        self._noise = torch.stack(noise, 1).transpose(2, 3).contiguous() if noise else torch.empty(UPDATES, len(self.seeds), 0, self.size)

    def _generators(self) -> dict[str, np.ndarray]:
        if self.scaled:
            states = [rng.get_state() for rng in self._rngs]
            state = {"mt_words": np.stack([of[1] for of in states]), "mt_position": np.array([of[2] for of in states], np.int64)}
        else:
            state = {f"{p}/{name}": value for p, data in enumerate(self._others) for name, value in data.state().items()}
        bits = [generator.get_state().numpy() for generator in self.noise]
        return state | ({"noise": np.stack(bits)} if bits else {})

    def state(self) -> dict[str, np.ndarray]:
        """What the generators were before the numbers that are drawn now, and the update that these begin with."""
        begun = self._begun if self.first >= 0 else self._generators()
        return begun | {"first": np.array(self.first, np.int64)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Continue where `state` was taken."""
        if self.scaled:
            for rng, words, position in zip(self._rngs, state["mt_words"], state["mt_position"], strict=True):
                rng.set_state(("MT19937", words, int(position)))
        else:
            for p, data in enumerate(self._others):
                data.restore({name.partition("/")[2]: value for name, value in state.items() if name.startswith(f"{p}/")})
        for generator, bits in zip(self.noise, state.get("noise", ()), strict=True):
            generator.set_state(torch.from_numpy(bits.copy()))
        self.first = int(state["first"])
        if self.first >= 0:
            self._begun = self._generators()
            self._draw()
