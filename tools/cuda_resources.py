"""What the CUDA kernel takes of a GPU, without one: registers and spills of its variants, shared memory of its blocks.

    python tools/cuda_resources.py [sm_90]      needs NVRTC: pip install '.[cuda]'
"""

import sys
from collections import Counter

from nalu.campaign.bundle import first_of
from nalu.campaign.gpu_lease import queue
from nalu.training import Plan
from nalu.training.cuda import blocks, program
from nalu.training.cuda.engine import member
from nalu.training.cuda.program import Variant

SHARED = 227 * 1024  # of an H100

if __name__ == "__main__":
    architecture = (sys.argv[1:] or ["sm_90"])[0]
    groups = {}
    for lane in first_of(queue(), 4500):
        groups.setdefault(lane.condition.id + lane.experiment.name, []).append(lane)
    plans = [Plan(seeds=sorted(lane.seed for lane in group), **group[0].condition.plan_arguments()) for group in groups.values()]
    members = [member(plan) for plan in plans]
    found = Counter()
    for team in blocks.teams(plans, members):
        shape = blocks.Shape([members[j] for j in team.plans], SHARED)
        found[shape.variant, shape.warps, shape.block["drawers"], shape.size] += len(team.seeds)
    for (variant, warps, drawers, size), count in sorted(found.items(), key=lambda item: -item[0][-1]):
        print(f"{count:4} blocks of {warps} warps, {drawers} of which draw, {size:,} bytes of shared memory: {variant}")
    for variant in dict.fromkeys([Variant("float32", True, 4), *(variant for variant, *_ in found)]):
        code, said = program.compile_with([*program.EXACT, *variant.defined(), "--std=c++17", f"--gpu-architecture={architecture}",
                                           "--ptxas-options=-v"])
        print(variant, f"{len(code):,} bytes", said.strip(), sep="\n")
