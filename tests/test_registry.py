"""The models are rows of data: their names, units, schedules, labels and colours."""

import dataclasses
import re

import pytest
from unit_cases import ABLATIONS, GATES, PAPERS, TABLE

from nalu import units
from nalu.paper import published
from nalu.registry import MODELS

FAMILIES = {"tables": TABLE, "ablation": ["NMU", *ABLATIONS], "gates": GATES}

PRINTED_AS = {  # name in one published table -> ours
    "NALU_shared": "NAC_then_NALU",
    "NMU_no_Rbias": "NMU_no_Rsparse",
    "NMU_no_Rbias_no_Wclamp": "NMU_no_Rsparse_no_Wclamp",
}
UNITS = {  # the authors' networks, first and second layer
    "Linear": ("Linear", "Linear"),
    "ReLU": ("ReLU", "Linear"),
    "ReLU6": ("ReLU6", "Linear"),
    "NAC_add": ("NAC", "NAC"),
    "NAC_mul": ("NAC", "NACMul"),
    "NAC_mul_sigma": ("NAC", "NACMulSigma"),
    "NAC_mul_NMU": ("NAU", "NACMulNMU"),
    "NALU": ("NALU", "NALU"),
    "NALU_separate": ("NALUSeparate", "NALUSeparate"),
    "NAU": ("NAU", "NAU"),
    "NMU": ("NAU", "NMU"),
    "Gated_NAU_NMU": ("GatedNAUNMU", "GatedNAUNMU"),
    "NMU_no_Rsparse": ("NAU", "NMU"),
    "NMU_no_Wclamp": ("NAUNoClamp", "NMUNoClamp"),
    "NMU_no_Rsparse_no_Wclamp": ("NAUNoClamp", "NMUNoClamp"),
    "NAC_then_NALU": ("NAC", "NALU"),
    "NAC_then_NALU_separate": ("NAC", "NALUSeparate"),
    "NAU_then_Gated_NAU_NMU": ("NAU", "GatedNAUNMU"),
}


def test_the_models_are_those_of_the_papers_in_their_order():
    assert [name for name in MODELS if name in PAPERS] == PAPERS


@pytest.mark.parametrize("table", published.TABLES)
def test_every_model_of_the_published_tables_is_there(table):
    names = published.table(table)["model"]
    assert {PRINTED_AS.get(name, name) for name in names} <= set(MODELS)


@pytest.mark.parametrize("name", PAPERS)
def test_units_of_a_model_of_the_papers(name):
    assert (MODELS[name].first, MODELS[name].second) == UNITS[name]


@pytest.mark.parametrize("name", MODELS)
def test_units_of_a_model(name):
    row = MODELS[name]
    assert row.first in units.__all__ and row.second in units.__all__
    assert row.gated == hasattr(getattr(units, row.second), "gate")


@pytest.mark.parametrize("name", PAPERS)
def test_sparsity_schedule(name):
    row = MODELS[name]
    schedule = (row.lambda_sparse, row.lambda_start, row.lambda_end)
    if name == "NAU":
        assert schedule == (0.01, 5_000, 50_000)
    else:
        assert schedule == (0.0 if "no_Rsparse" in name else 10.0, 1_000_000, 2_000_000)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("what", ["label", "plain", "colour"])
def test_models_of_one_figure_can_be_told_apart(what, family):
    values = [getattr(MODELS[name], what) for name in FAMILIES[family]]
    assert len(set(values)) == len(values)


@pytest.mark.parametrize("name", MODELS)
def test_label_colour_and_marker_can_be_drawn(name):
    from matplotlib.figure import Figure

    row = MODELS[name]
    assert re.fullmatch("#[0-9a-f]{6}", row.colour)
    assert "$" not in row.label and "\\" not in row.plain
    assert row.label.count("{") == row.label.count("}")
    if name in PAPERS:
        assert row.flags and row.marker == ("^" if name in ("NAU", "NMU", *ABLATIONS) else "o")
    Figure().add_subplot().plot([0], [0], row.marker, color=row.colour, label=row.plain)


def test_the_registry_cannot_be_changed():
    with pytest.raises(TypeError):
        MODELS["NMU"] = MODELS["NAU"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        MODELS["NMU"].lambda_sparse = 1.0
