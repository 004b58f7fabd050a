"""Where a training can run: the one list of devices, and the one place that names a GPU."""

import torch

from nalu.support.check import Refusal


def here() -> list[str]:
    """Devices of PyTorch on this machine."""
    gpus = [f"cuda:{k}" for k in range(torch.cuda.device_count())]
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return ["cpu", *(["cuda"] if gpus else []), *gpus, *mps]


def examine(device: str) -> None:
    """Raise a `ValueError` that names the device and what is allowed, if it is not `here`."""
    if device not in (allowed := here()):
        raise Refusal(f"there is no device {device!r} here; allowed: {', '.join(allowed)}")


def hardware(device: str) -> str:
    """A name that tells kinds of devices apart: ``cpu``, or that of the GPU."""
    found = device.startswith("cuda") and torch.cuda.is_available()
    return torch.cuda.get_device_name(device) if found else device
