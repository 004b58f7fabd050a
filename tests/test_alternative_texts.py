"""What the figures' alternative texts say of the papers is what the papers print."""

import pytest
from test_notebooks import cells

from nalu.paper import published, sequences, sweeps
from nalu.report import refresh

pytestmark = pytest.mark.slow


def texts(page):
    """The alternative texts of a page, joined."""
    images = (cell["metadata"].get("mystnb", {}).get("image", {}) for cell in cells(refresh.sources()[page]))
    return " ".join(image.get("alt", "") for image in images)


class Static(dict):
    """Printed success rates of an experiment by what varies: ``rates("NMU", "add", "Adam")["0.1"]``."""

    def __init__(self, name):
        for p in sweeps.points(name):
            if p.paper:
                key = p.condition.model, p.condition.task.operation, p.optimizer
                self.setdefault(key, {})[p.x] = p.rate("paper").estimate

    def __call__(self, model, operation="mul", optimizer="Adam"):
        return self[model, operation, optimizer]

    def others(self, *models):
        """Every printed rate of models that are not named."""
        return [rate for (model, *_), line in self.items() if model not in models for rate in line.values()]

    def of(self, operation, but=()):
        """Every printed rate of an operation but those of one model and optimiser."""
        return [rate for (model, o, optimizer), line in self.items() if o == operation
                and (model, optimizer) != but for rate in line.values()]


class Sequence(Static):
    """Printed success rates of a figure by the length of the test sequences."""

    def __init__(self, name):
        points = sequences.printed([name])
        points = points[points["metric"] == "success_rate"]
        for condition, line in points.groupby("condition"):
            self[condition, "mul", "Adam"] = dict(zip(line["test_length"], line["estimate"], strict=True))


def around(value, *rates, by=0.07):
    return all(abs(rate - value) <= by for rate in rates)


def after(line, x):
    """The rates from the point after `x` on; `line` is in the order of the figure."""
    return [*line.values()][[*line].index(x) + 1:]


def until(line, x):
    """The rates up to the point `x`, with it."""
    return [*line.values()][:[*line].index(x) + 1]


SWEEPS = {
    ("hidden_size", "the NMU falls from all runs to about six in ten"):
        lambda r: r("NMU")["2"] == 1 and around(0.6, r("NMU")["9"], r("NMU")["10"]),
    ("hidden_size", "NAC•,NMU to none at six units, NAC•,σ to none at three"):
        lambda r: not any(after(r("NAC_mul_NMU"), "5")) and all(until(r("NAC_mul_NMU"), "5"))
        and not any(after(r("NAC_mul_sigma"), "2")) and r("NAC_mul_sigma")["2"] == 1,
    ("hidden_size_ablation", "the NMU and its two variants without the clamp fall together from all runs to about six in ten"):
        lambda r: all(r(m)["2"] == 1 and around(0.6, r(m)["10"]) and around(r("NMU")[x], r(m)[x], by=0.12)
                      for m in ("NMU", "NMU_no_Wclamp", "NMU_no_Rsparse_no_Wclamp") for x in r(m)),
    ("hidden_size_ablation", "with the clamp and without the regulariser none is solved beyond two units"):
        lambda r: not any(after(r("NMU_no_Rsparse"), "2")),
    ("input_size", "the NMU and NAC•,σ stay near all runs up to 275 inputs"):
        lambda r: min(*until(r("NMU"), "275"), *r("NAC_mul_sigma").values()) > 0.85 and r("NMU")["300"] < 0.8,
    ("input_size", "NAC•,NMU falls beyond 125 inputs to none at 225"):
        lambda r: min(until(r("NAC_mul_NMU"), "125")) >= 0.9 and not any(after(r("NAC_mul_NMU"), "200"))
        and 0 < r("NAC_mul_NMU")["200"] < r("NAC_mul_NMU")["150"] < 0.5,
    ("input_size", "NAC• stays between a quarter and two thirds"):
        lambda r: around(0.25, min(r("NAC_mul").values())) and around(2 / 3, max(r("NAC_mul").values())),
    ("input_size", "NALU and the gated unit hardly succeed with more than 4"):
        lambda r: max(after(r("NALU"), "4") + after(r("Gated_NAU_NMU"), "4")) <= 0.1 < 0.5 < r("NALU")["4"],
    ("overlap", "NAC•,σ and the NMU are solved nearly always, with a dip of the NMU and of NAC•,NMU at three quarters"):
        lambda r: [x for x in r("NMU") if r("NMU")[x] < 0.95] == ["0.75"] and min(r("NAC_mul_sigma").values()) == 1
        and min(r("NAC_mul_NMU"), key=r("NAC_mul_NMU").get) == "0.75",
    ("overlap", "NAC• about one time in four and more often where the sums are the same, NALU never"):
        lambda r: around(0.25, *until(r("NAC_mul"), "0.5")) and r("NAC_mul")["1"] > 0.7 and not any(r("NALU").values()),
    ("subset", "the NMU, NAC•,NMU and NAC•,σ are solved nearly always up to a quarter; at one half only the NMU is"):
        lambda r: all(min(until(r(m), "0.25")) >= 0.9 for m in ("NMU", "NAC_mul_NMU", "NAC_mul_sigma"))
        and r("NMU")["0.5"] > 0.8 and not any(r(model)["0.5"] for model, *_ in r if model != "NMU"),
    ("ranges", "the NMU is solved on all but the range from 1.1 to 1.2, where no network is, and alone on the range from -2 to 2"):
        lambda r: [x for x in r("NMU") if not r("NMU")[x]] == ["[1.1,1.2]"]
        and not any(r(model)["[1.1,1.2]"] for model, *_ in r)
        and [model for model, *_ in r if r(model)["[-2,2]"]] == ["NMU"],
    ("regularisation", "success is near all runs up to 0.1 and falls to none at 100"):
        lambda r: min(until(r("NAU", "add"), "0.1")) > 0.9 and r("NAU", "add")["100"] == 0
        and after(r("NAU", "add"), "0.1") == sorted(after(r("NAU", "add"), "0.1"), reverse=True),
    ("regularisation", "success stays at nearly all runs for every weight"):
        lambda r: min(r("NAU", "sub").values()) > 0.95,
    ("regularisation", "success is complete from 0.01 to 10, a little lower without it and at 100"):
        lambda r: [x for x in r("NMU") if r("NMU")[x] < 1] == ["0", "100"] and min(r("NMU").values()) > 0.75,
    ("learning_rate", "only Adam is ever solved: NAC₊ from 0.0001 on in all runs, NALU in at most one of twelve"):
        lambda r: min(after(r("NAC_add", "add"), "1e-5")) == 1 and max(r("NALU", "add").values()) <= 1 / 12
        and not any(any(line.values()) for (_, o, by), line in r.items() if o == "add" and by != "Adam"),
    ("learning_rate", "NAC₊ with Adam is solved in all runs at every rate, with plain descent and with momentum in about half at 0.01, NALU with Adam in up to a quarter"):
        lambda r: min(r("NAC_add", "sub").values()) == 1 and around(0.25, max(r("NALU", "sub").values()))
        and around(0.5, *(r("NAC_add", "sub", o)["0.01"] for o in ("SGD", "SGD with momentum"))),
    ("learning_rate", "there is one high peak, NAC• with Adam at 0.01 in nine of ten runs; nothing but Adam is ever solved"):
        lambda r: around(0.9, r("NAC_mul")["0.01"]) and sorted(r.of("mul"))[-2] < 0.3
        and not any(any(line.values()) for (_, o, by), line in r.items() if o == "mul" and by != "Adam"),
    ("learning_rate", "all lines lie at zero but for single runs of NAC• with Adam"):
        lambda r: not any(r.of("div", but=("NAC_mul", "Adam"))) and 0 < max(r("NAC_mul", "div").values()) < 2 / 25,
}

SEQUENCES = {
    ("mnist_product", "sequential_mnist_prod_long", "the NMU stays above two thirds up to length 20 and NAC•,NMU near three quarters"):
        lambda r: min(r("NMU-Rz").values()) > 2 / 3 and around(0.75, *after(r("NAC_mul_NMU-Rz"), 1), by=0.25),
    ("mnist_product", "sequential_mnist_prod_long", "NAC• and NAC•,σ fall from six in ten to none, LSTM and NALU lie at zero"):
        lambda r: all(around(0.6, r(m)[3], r(m)[7]) and not r(m)[20] for m in ("NAC_mul", "NAC_mul_sigma"))
        and not any([*r("LSTM").values(), *r("NALU").values()]),
    ("mnist_sum", "sequential_mnist_sum_long", "the NAU with its regulariser stays between seven and eight in ten up to length 1000"):
        lambda r: {*r("NAU-Rz").values()} == {0.7, 0.8},
    ("mnist_sum", "sequential_mnist_sum_long", "NAC₊ with it rises to six in ten, without it the NAU rises to at most half and NAC₊ stays near zero, as do LSTM and NALU"):
        lambda r: around(0.6, r("NAC_add-Rz")[1000]) and r("NAC_add-Rz")[1] <= 0.1
        and max(r.others("NAU-Rz", "NAC_add-Rz")) <= 0.1
        and max(Sequence("sequential_mnist_sum_long_ablation")("NAU").values()) == 0.5,
    ("mnist_r_z", "sequential_mnist_sum_long_ablation", "the NAU needs it: about eight in ten with it, at most half without"):
        lambda r: max(r("NAU").values()) == 0.5 and around(0.75, *Sequence("sequential_mnist_sum_long")("NAU-Rz").values()),
    ("mnist_r_z", "sequential_mnist_prod_long_ablation", "the two lines of the NMU lie close to each other, those of NAC•,NMU do so beyond the shortest lengths"):
        lambda r: all(abs(r(m)[x] - Sequence("sequential_mnist_prod_long")(f"{m}-Rz")[x]) <= 0.301
                      for m in ("NMU", "NAC_mul_NMU") for x in r(m) if m == "NMU" or x > 2),
}


@pytest.mark.parametrize("page, said", SWEEPS, ids=lambda value: value[:40])
def test_rates_of_a_sweep(page, said):
    assert said in texts(f"experiments/{page}")
    assert SWEEPS[page, said](Static(page))


@pytest.mark.parametrize("page, figure, said", SEQUENCES, ids=lambda value: value[:40])
def test_rates_of_sequences(page, figure, said):
    assert said in texts(f"experiments/{page}")
    assert SEQUENCES[page, figure, said](Sequence(figure))


def test_rates_of_the_operations():
    assert "in every panel few of the paper's rates are far from zero, and none in that of the division" \
        in texts("experiments/operations")
    table = published.table("function_task_static_all")
    rates = table[table["metric"] == "success_rate"].pivot(index="model", columns="operation", values="value")
    assert ((rates > 0.1).sum() <= 5).all() and not (rates["div"] > 0.1).any()


def test_no_alternative_text_speaks_of_the_paper_unchecked():
    """Whoever writes another one finds its place above."""
    for page in refresh.sources():
        name, said = page.removeprefix("experiments/"), texts(page)
        known = [words for of, *_, words in [*SWEEPS, *SEQUENCES] if of == name]
        for begin in said.split("In the paper ")[1:]:
            assert any(begin.startswith(words) for words in known), (page, begin)
