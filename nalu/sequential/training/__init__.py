"""Training of recurrent models on sequential MNIST, through a convolutional network."""

from nalu.support import extras

extras.need("train", "numba")
