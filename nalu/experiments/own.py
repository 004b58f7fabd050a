"""Experiments of your own, beside those of the papers. Data only.

An entry of `TABLE` says what differs from the papers' protocol; `nalu.experiments.conditions` and `nalu.experiments.grid`
explain its parts. With the imports of `nalu.experiments.table`,

    Experiment("my_experiment", "What I want to know", "nothing: a question of my own", grid(["NMU"], simple=True))

is one. It takes the recorded results of the papers' experiments where it has their settings, and lends them none: what is
said about the papers does not change with it.
"""

TABLE = ()
