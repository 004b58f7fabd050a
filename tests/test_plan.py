"""The settings of a training are checked once, before anything starts, in one line each."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch

from nalu.registry import MODELS
from nalu.tasks import Arithmetic
from nalu.training import Plan, train
from nalu.training.engines import engine


@pytest.mark.parametrize("settings, parts", [
    ({"model": "NUM"}, ["unknown model 'NUM'", "did you mean 'NMU'?", "allowed: Linear, "]),
    ({"model": None}, ["unknown model None", "allowed: Linear, "]),
    ({"task": "mul"}, ["task", "'mul'", "Arithmetic"]),
    ({"seeds": []}, ["seeds must not be empty"]),
    ({"seeds": [1, 2, 1]}, ["seeds must differ", "1 occurs twice"]),
    ({"seeds": [0, -1]}, ["a seed", "at least 0", "got -1"]),
    ({"seeds": [0.5]}, ["a seed", "integer", "0.5"]),
    ({"seeds": [2**32]}, ["a seed", "less than 2**32", str(2**32)]),
    ({"seeds": 3}, ["seeds must be a list", "got 3"]),
    ({"seeds": "012"}, ["seeds must be a list", "'012'"]),
    ({"iterations": 0}, ["iterations", "at least 1", "got 0"]),
    ({"iterations": 1.5}, ["iterations", "an integer", "1.5"]),
    ({"iterations": "200"}, ["iterations", "an integer", "'200'"]),
    ({"stream": "filox"}, ["unknown stream 'filox'", "did you mean 'philox'?", "philox, authors"]),
    ({"hidden_size": 0}, ["hidden_size", "at least 1", "got 0"]),
    ({"hidden_size": True}, ["hidden_size", "an integer", "True"]),
    ({"optimizer": "adamw"}, ["unknown optimizer 'adamw'", "did you mean 'adam'?", "adam, sgd"]),
    ({"learning_rate": -1e-3}, ["learning_rate", "at least 0", "-0.001"]),
    ({"learning_rate": math.nan}, ["learning_rate", "finite", "nan"]),
    ({"learning_rate": "fast"}, ["learning_rate", "number", "'fast'"]),
    ({"momentum": 1.5}, ["momentum", "from 0 to 1", "1.5"]),
    ({"momentum": -0.1}, ["momentum", "from 0 to 1", "-0.1"]),
    ({"lambda_sparse": -1}, ["lambda_sparse", "at least 0", "got -1"]),
    ({"lambda_sparse": math.inf}, ["lambda_sparse", "finite", "inf"]),
    ({"lambda_start": -5}, ["lambda_start", "at least 0", "got -5"]),
    ({"lambda_end": 0.5}, ["lambda_end", "an integer", "0.5"]),
    ({"lambda_start": 10, "lambda_end": 10}, ["lambda_end is 10", "more than lambda_start, 10"]),
    ({"lambda_start": 3_000_000}, ["lambda_end is 2000000", "more than lambda_start, 3000000"]),
    ({"batch_size": 0}, ["batch_size", "at least 1", "got 0"]),
    ({"log_every": 0}, ["log_every", "at least 1", "got 0"]),
    ({"dtype": "float16"}, ["unknown dtype 'float16'", "float32, float64"]),
    ({"device": "gpu"}, ["device", "'gpu'", "cpu"]),
    ({"device": "cuda:99"}, ["device", "'cuda:99'", "cpu"]),
])
def test_bad_settings(settings, parts):
    with pytest.raises(ValueError) as error:
        Plan(**{"model": "NMU"} | settings)
    message = str(error.value)
    assert "\n" not in message
    assert [part for part in parts if part not in message] == [], message


def test_an_unknown_setting_is_refused():
    with pytest.raises(ValueError, match="learning_rat"):
        train("NMU", Arithmetic(simple=True), [0], 5, learning_rat=0.1)


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match=r"^unknown engine .refrence.; did you mean .reference.\? allowed: auto, "):
        train("NMU", Arithmetic(simple=True), [0], 5, engine="refrence")


def test_no_gpu_where_one_is_asked_for():
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(ValueError, match="device.*'cuda'.*cpu") as error:
        train("NMU", Arithmetic(simple=True), [0], 5, engine="reference", device="cuda")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", MODELS)
def test_defaults_are_those_of_the_model(name):
    plan, row = Plan(name), MODELS[name]
    assert (plan.lambda_sparse, plan.lambda_start, plan.lambda_end) == (
        row.lambda_sparse, row.lambda_start, row.lambda_end)
    assert (plan.learning_rate, plan.batch_size, plan.hidden_size, plan.log_every) == (1e-3, 128, 2, 1000)
    assert plan.iterations == 5_000_000 and plan.optimizer == "adam" and plan.task == Arithmetic()


def test_a_plan_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Plan("NMU").learning_rate = 1.0


@pytest.mark.parametrize("settings", [
    {"seeds": range(3)}, {"seeds": np.arange(3)}, {"iterations": 2e5}, {"iterations": np.int64(200_000)},
    {"learning_rate": 1}, {"learning_rate": np.float32(0.5)}, {"lambda_start": np.int32(5), "lambda_end": 9.0},
    {"hidden_size": 3.0}, {"lambda_sparse": np.float32(2)},
])
def test_identity_is_made_of_plain_values(settings):
    identity = Plan(**{"model": "NMU", "seeds": [0, 1]} | settings).identity()
    assert {f.name for f in dataclasses.fields(Plan)} == set(identity)
    text = json.dumps(identity)
    assert json.loads(text)["model"] == "NMU"
    if "iterations" in settings:
        assert '"iterations": 200000' in text


def test_the_engine_takes_the_plan():
    plan = Plan("NMU", Arithmetic(simple=True), (0,), 5)
    machine = engine("reference", plan)
    assert (machine.name, machine.iteration, machine.plan) == ("reference", 0, plan)
