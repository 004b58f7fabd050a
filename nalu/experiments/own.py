"""Experiments of your own, beside those of the papers. Data only.

An entry of `TABLE` says what differs from the papers' protocol; `nalu.experiments.conditions` and `nalu.experiments.grid`
explain its parts. With the imports of `nalu.experiments.table`,

    Experiment("my_experiment", "What I want to know", "nothing: a question of my own", grid(["NMU"], simple=True))

is such an entry. Where it has the settings of the papers' experiments, it uses their recorded results. Its own results are never used for theirs, so
it does not change what is said about the papers.
"""

TABLE = ()
