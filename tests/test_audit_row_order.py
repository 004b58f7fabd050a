"""R's merge, repeated: the sort against a slow one, what it leaves alone, and what it did to the authors' runs."""

import numpy as np
import pytest

from nalu.paper import published
from nalu.paper.audit import row_order


def by_hand(keys):
    """The shell sort with lists, pass by pass: insertion among the rows that lie a gap apart."""
    rows = [(key, place) for place, key in enumerate(keys)]
    for gap in row_order.gaps(len(rows)):
        for start in range(gap):
            lane = rows[start::gap]
            rows[start::gap] = sorted(lane, key=lambda row: row[0])  # stable, as insertion is
    return [place for _, place in rows]


@pytest.mark.parametrize("n, expected", [(1, [1]), (8, [1]), (9, [4, 1]), (48, [13, 4, 1]), (360, [121, 40, 13, 4, 1])])
def test_gaps(n, expected):
    assert row_order.gaps(n) == expected


@pytest.mark.parametrize("n", [0, 1, 7, 50, 1000])
def test_the_sort_is_the_one_by_hand(n):
    keys = np.random.RandomState(n).randint(3, size=n)
    order = row_order.shell_sort(keys)
    assert order.tolist() == by_hand(keys.tolist())
    assert (np.diff(keys[order]) >= 0).all()


def test_it_is_not_stable():
    keys = np.repeat([0, 1, 0, 1], 12)
    order = row_order.shell_sort(keys)
    assert order.tolist() != np.argsort(keys, kind="stable").tolist()


@pytest.mark.parametrize("lengths", [[12] * 8, [5, 40, 1, 7, 300, 2, 90, 6]])
def test_contiguous_keys_that_ascend_are_left_alone(lengths):
    keys = [0, 0, 1, 1, 1, 2, 3, 3]
    for rows, length in zip(row_order.merged(keys, lengths), lengths, strict=True):
        assert rows.tolist() == list(range(length)) and row_order.pieces(rows) == 1


def test_interleaved_keys_rotate_two_runs():
    found = row_order.merged([0, 0, 1, 1] * 2, [6] * 8)
    assert [row_order.pieces(rows) for rows in found] == [1, 1, 1, 2, 2, 1, 1, 1]
    assert found[3].tolist() == [5, 0, 1, 2, 3, 4] and found[4].tolist() == [1, 2, 3, 4, 5, 0]


def test_a_merge_loses_and_invents_no_row():
    lengths = [30, 4, 25, 9, 60, 1]
    for rows, length in zip(row_order.merged([2, 0, 1, 0, 2, 1], lengths), lengths, strict=True):
        assert sorted(rows) == list(range(length))


def test_the_file_has_seeds_as_text():
    runs = row_order.in_file_order(published.per_seed())
    assert runs.loc[:3, ["model", "operation", "seed"]].to_numpy().tolist() == [
        ["Linear", "add", 0], ["Linear", "add", 1], ["Linear", "add", 10], ["Linear", "add", 11]]
    assert tuple(runs["model"].unique()) == row_order.FILE_MODELS
    assert runs["operation"].unique().tolist() == sorted(runs["operation"].unique())


@pytest.fixture(scope="module")
def table():
    return row_order.replayed(published.per_seed())


@pytest.mark.slow
def test_the_authors_runs_that_have_moved(table):
    moved = table["pieces"] > 1
    assert (moved == table["rows_permuted"]).all() and moved.sum() == 465
    assert (moved & table["solved"]).sum() == 69


@pytest.mark.slow
def test_the_order_explains_what_would_be_impossible(table):
    solved = table[table["solved"]]
    impossible = solved["solved_at"] / 1000 + 1 > solved["best_row"]
    assert impossible.sum() == 28 and solved.loc[impossible, "rows_permuted"].all()
    assert (solved["solved_row"] <= solved["best_row"]).all()
    still = solved[~solved["rows_permuted"]]
    assert (still["solved_row"] == still["solved_at"] / 1000 + 1).all()


@pytest.mark.slow
def test_the_cut_is_published_as_the_step(table):
    nau = table[(table["pieces"] > 1) & table["solved"] & (table["model"] == "NAU")]
    late = nau["solved_at"] - nau["first_step"]
    assert len(nau) == 10 and (late == 0).sum() == 7 and late.between(0, 4000).all()
