# Train whatever has no results yet, on all cores or by a cluster: one job for each shard of a condition, or, with
# together=1, of all conditions that learn from the same batches.
#   make campaign                                            or
#   snakemake --workflow-profile local --config experiment=operations seeds=0-9
# What there is to train is declared in nalu/experiments/ and nowhere else; book/cluster.md explains the settings below.
import os
import sys
import time

from nalu import experiments
from nalu.campaign import jobs
from nalu.support import check, paths, seed_lists
from nalu.support.check import Refusal
from snakemake.exceptions import WorkflowError

# As they were typed: Snakemake makes numbers of 1_0 and 010.
GIVEN = config | dict(setting.split("=", 1) for setting in workflow.config_settings.config_args)
EXPERIMENTS = str(GIVEN.get("experiment", "")).replace(",", " ").split()
SEEDS = str(GIVEN.get("seeds", ""))
TOGETHER = str(GIVEN.get("together", 0)).lower() not in ("0", "", "no", "false")
SHARD = GIVEN.get("shard")  # seeds in one job; 0: all of a condition; by default those of one band of the order
ENGINE, DEVICE = GIVEN.get("engine", "auto"), GIVEN.get("device", "cpu")
NALU = "NUMBA_NUM_THREADS={params.side_by_side} OMP_NUM_THREADS={threads} {sys.executable:q} -m nalu"
ROWS = f"{paths.RUNS}/{{experiment}}/{{condition}}/{{shard}}/rows.csv"

began = time.time()
try:
    jobs.examine(GIVEN, ENGINE, DEVICE, TOGETHER)
    # the default shards have multiples of five seeds, which train side by side
    THREADS = check.typed(GIVEN.get("threads", 5), "threads", at_least=1)
    ALL = {str(job.rows): job for job in jobs.declared(EXPERIMENTS, SEEDS, SHARD, TOGETHER)}
    TODO = {str(job.rows): job for job in jobs.todo(ALL.values())}
except Refusal as error:
    raise WorkflowError(str(error)) from None
PRIORITY = dict(zip(ALL, range(len(ALL), 0, -1)))  # Snakemake takes the highest of those that fit, not the first

if workflow.is_main_process:
    jobs.complete(job for rows, job in ALL.items() if rows not in TODO)
if workflow.is_main_process and TODO:
    jobs.forget(TODO.values(), before=began)
    print(jobs.plan(TODO.values()), file=sys.stderr, flush=True)
if workflow.is_main_process and not EXPERIMENTS:
    for problem in filter(None, map(jobs.lacks, experiments.every())):
        print(f"left out: {problem}", file=sys.stderr, flush=True)


rule all:
    input: list(TODO) or workflow.main_snakefile  # which is there: nothing to be done
    message: "all trained"


# Finished seeds are skipped and a checkpoint is taken up by the command itself, so that this may be killed and run
# again at any time. The output says to Snakemake that all rows exist; the results themselves are merged by the command.
rule train:
    output: ROWS
    wildcard_constraints: experiment="[^/]+", condition="[^/]+", shard="[^/]+"
    params:
        title=lambda wildcards, output: ALL[output[0]].title,
        names=lambda wildcards, output: ALL[output[0]].names,
        seeds=lambda wildcards, output: seed_lists.text(ALL[output[0]].seeds),
        together=lambda wildcards, output: "--together" if len(ALL[output[0]].folders) > 1 else "",
        # where a machine has fewer cores than that, five threads that share them wait less than a core for each
        side_by_side=lambda wildcards, threads: THREADS if threads == os.cpu_count() else threads,
    message: "{params.title}"
    priority: lambda wildcards: PRIORITY[ROWS.format(**wildcards)]
    threads: THREADS
    resources: mem_mb=2000, **({} if DEVICE == "cpu" else {"gpu": 1})
    shell:
        NALU + " train {params.names:q} --seeds {params.seeds:q} {params.together}"
        " --engine {ENGINE:q} --device {DEVICE:q} --wait --rows {output:q}"


HELD = []  # the lock of this campaign, until this process ends, however it ends

onstart:
    try:
        HELD.append(jobs.alone(ALL.values()))
    except Refusal as error:
        raise WorkflowError(str(error)) from None

onsuccess:
    print(jobs.collect(ALL.values()), flush=True)

onerror:
    print(jobs.collect(ALL.values()), flush=True)
