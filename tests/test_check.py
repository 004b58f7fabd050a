"""Every bad value gets one line that names it and says what is allowed."""

import math

import numpy as np
import pytest

from nalu.support import check


@pytest.mark.parametrize("given, nearest", [("NUM", "NMU"), ("nmu", "NMU"), ("NALU_seperate", "NALU_separate")])
def test_a_misspelt_name_gets_a_suggestion(given, nearest):
    allowed = {"NAU": 1, "NMU": 2, "NALU_separate": 3}
    with pytest.raises(ValueError) as error:
        check.one_of(given, allowed, "model")
    assert str(error.value) == (
        f"unknown model {given!r}; did you mean {nearest!r}? allowed: NAU, NMU, NALU_separate"
    )


def test_a_name_like_no_other_gets_the_list_only():
    with pytest.raises(ValueError, match=r"^unknown model 'xyz'; allowed: NAU, NMU$"):
        check.one_of("xyz", ["NAU", "NMU"], "model")


def test_a_long_list_is_shortened():
    with pytest.raises(ValueError, match=r": 0, 1, .*, 19 and 80 more$") as error:
        check.one_of("none", range(100), "condition")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [None, 3, ["NAU"], {"NAU": 1}])
def test_a_name_of_another_type_is_unknown_too(value):
    with pytest.raises(ValueError, match="^unknown model"):
        check.one_of(value, {"NAU": 1}, "model")


def test_a_known_name_comes_back():
    assert check.one_of("NMU", {"NAU": 1, "NMU": 2}, "model") == "NMU"


@pytest.mark.parametrize("value", [2, 2.0, np.int64(2), np.uint8(2), np.float32(2)])
def test_integers_come_back_as_int(value):
    assert check.integer(value, "hidden_size") == 2
    assert type(check.integer(value, "hidden_size")) is int


@pytest.mark.parametrize("value", [True, np.True_, 2.5, "2", None, [2], math.nan, math.inf, 2j])
def test_what_is_no_integer(value):
    with pytest.raises(ValueError, match="^hidden_size must be an integer, got "):
        check.integer(value, "hidden_size")


def test_an_integer_has_a_lower_limit():
    assert check.integer(1, "iterations", at_least=1) == 1
    with pytest.raises(ValueError, match="^iterations must be an integer of at least 1, got 0$"):
        check.integer(0, "iterations", at_least=1)


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float32(0.5), np.int64(1)])
def test_reals_include_their_limits(value):
    assert check.real(value, "subset_ratio", 0, 1) == value
    assert type(check.real(value, "subset_ratio", 0, 1)) is float


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf, True, "0.5", None])
def test_what_is_no_ratio(value):
    with pytest.raises(ValueError, match="^subset_ratio must be a number from 0 to 1, got "):
        check.real(value, "subset_ratio", 0, 1)


@pytest.mark.parametrize(
    "limits, wanted",
    [
        ({}, "a finite number"),
        ({"low": 0}, "a finite number of at least 0"),
        ({"high": 2}, "a finite number of at most 2"),
    ],
)
def test_open_limits_are_named(limits, wanted):
    with pytest.raises(ValueError, match=f"^x must be {wanted}, got nan$"):
        check.real(math.nan, "x", **limits)


@pytest.mark.parametrize("values", [range(3), [0, 1, 2], (0, 1, 2), np.arange(3), iter([0, 1, 2])])
def test_seeds_come_back_as_a_tuple_of_int(values):
    checked = check.seeds(values)
    assert checked == (0, 1, 2)
    assert {type(seed) for seed in checked} == {int}


def test_seeds_keep_their_order_and_reach_the_limit():
    assert check.seeds([5, 3, 2**32 - 1]) == (5, 3, 2**32 - 1)


@pytest.mark.parametrize(
    "values, message",
    [
        ([], "seeds must not be empty"),
        ([0, -1], "a seed must be an integer of at least 0, got -1"),
        ([0, 2**32], r"a seed must be less than 2\*\*32, got 4294967296"),
        ([0, 1.5], "a seed must be an integer of at least 0, got 1.5"),
        ([0, "1"], "a seed must be an integer of at least 0, got '1'"),
        ([True], "a seed must be an integer of at least 0, got True"),
        ([3, 5, 3], "seeds must differ, but 3 occurs twice"),
        ("0-9", r"seeds must be a list of integers such as \[0, 1, 2\], got '0-9'"),
        (7, r"seeds must be a list of integers such as \[0, 1, 2\], got 7"),
    ],
)
def test_bad_seeds_are_named(values, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        check.seeds(values)
