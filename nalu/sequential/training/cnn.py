r"""The convolutional network that turns a picture into a number.

$$28 \times 28 \;\to\; 5 \times 5,\ 20,\ \text{ReLU},\ \text{pool } 2
  \;\to\; 5 \times 5,\ 50,\ \text{ReLU},\ \text{pool } 2
  \;\to\; 500,\ \text{ReLU} \;\to\; 1$$

It is that of the PyTorch examples in 2019, with one linear output in place of ten logits.
"""

from torch import Tensor, nn
from torch.nn.functional import max_pool2d, relu

from nalu.sequential.training.features import features

MEAN, DEVIATION = 0.1307, 0.3081
"""Of the grey levels of MNIST's training images, as fractions of 255."""


class CNN(nn.Module):
    """Pictures `[N, 1, 28, 28]` to numbers `[N, 1]`; 426,571 parameters, drawn as PyTorch does.

    ``compiled`` says whether the convolutions are those of `nalu.sequential.training.features`, for
    float32 on a CPU; they are the same up to the order of sums.
    """

    def __init__(self) -> None:
        super().__init__()
        self.compiled = False
        self.conv1 = nn.Conv2d(1, 20, 5)
        self.conv2 = nn.Conv2d(20, 50, 5)
        self.fc1 = nn.Linear(800, 500)
        self.fc2 = nn.Linear(500, 1)

    def reset_parameters(self) -> None:
        """Draw the initial weights, first layer first."""
        for layer in (self.conv1, self.conv2, self.fc1, self.fc2):
            layer.reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(relu(self.fc1(self._features(x))))  # [N, 800] -> [N, 1]

    def _features(self, x: Tensor) -> Tensor:
        if self.compiled:
            return features(x, self.conv1.weight, self.conv1.bias, self.conv2.weight, self.conv2.bias)
        # ReLU and maximum commute; after the maximum there is a quarter to do.
        z = relu(max_pool2d(self.conv1(x), 2))  # [N, 1, 28, 28] -> [N, 20, 12, 12]
        z = relu(max_pool2d(self.conv2(z), 2))  # -> [N, 50, 4, 4]
        return z.flatten(-3)  # -> [N, 800]


def normalised(grey: Tensor) -> Tensor:
    """Grey levels 0..255, uint8 `[..., 28, 28]`, as the network takes them, `[..., 1, 28, 28]`."""
    return ((grey.float() / 255.0 - MEAN) / DEVIATION).unsqueeze(-3)
