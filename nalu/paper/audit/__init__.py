"""The published analysis, re-implemented where it goes wrong, so that one can watch it do so.

Only the pages of the audit use these modules. What the report reports is computed by
`nalu.analysis.outcomes`, `nalu.analysis.statistics` and `nalu.tasks.threshold`.
"""
