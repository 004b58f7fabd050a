"""Lists of seeds as text."""

import pytest

from nalu.support import seed_lists


@pytest.mark.parametrize(("text", "expected"), [
    ("3", (3,)), ("0-3", (0, 1, 2, 3)), ("0-2,70,85", (0, 1, 2, 70, 85)), (" 4 , 1-2 ", (4, 1, 2)),
    (7, (7,)), ("5-5", (5,)),
])
def test_parse(text, expected):
    assert seed_lists.parse(text) == expected


@pytest.mark.parametrize(("given", "expected"), [
    ([], ""), ([3], "3"), ([0, 1, 2], "0-2"), ([85, 1, 0, 70], "0-1,70,85"),
])
def test_text(given, expected):
    assert seed_lists.text(given) == expected


@pytest.mark.parametrize(("text", "message"), [
    ("", "seeds must look like '0-99' or '0-9,70,85', got ''"),
    ("a", "got 'a'"), ("-1", "got '-1'"), ("1.5", "got '1.5'"), ("0..9", "got '0..9'"),
    ("1,,2", "got '1,,2'"), ("1_0", "got '1_0'"), ("010", "got '010'"), ("0-09", "got '0-09'"), (True, "got True"),
    ("9-0", "seeds '9-0' run backwards; allowed: '0-9'"),
    ("3,1-4", "seeds must differ, but 3 occurs twice"),
    ("0-4294967295", "are too many; allowed: at most 1000000"),
    ("4294967296", "a seed must be less than 2**32"),
])
def test_wrong_text_is_one_clear_line(text, message):
    with pytest.raises(ValueError) as error:
        seed_lists.parse(text)
    assert message in str(error.value)


def test_choose():
    assert seed_lists.choose("", (1, 2), "it") == (1, 2)
    assert seed_lists.choose("2", (1, 2), "it") == seed_lists.choose([2], (1, 2), "it") == (2,)
    with pytest.raises(ValueError, match="it has no seed 3; allowed: 1-2"):
        seed_lists.choose("2,3", (1, 2), "it")
