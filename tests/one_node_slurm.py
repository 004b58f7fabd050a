"""A throw-away Slurm of one node on this machine, without accounting; needs root."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "munged", "sinfo", "squeue", "srun", "sbatch")

CONF = """
ClusterName=ci
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
MpiDefault=none
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_min_interval=0
ReturnToService=2
MinJobAge=86400
KillWait=5
InactiveLimit=0
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=8000 Gres=gpu:1 State=UNKNOWN
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""

SRUN = """#!/bin/sh
# Snakemake's job step removes SLURM_CONF from the environment
SLURM_CONF={folder}/slurm.conf exec {srun} "$@"
"""


def lacking():
    """Why there can be no Slurm here; nothing if there can."""
    if os.name != "posix" or os.geteuid() != 0:
        return "needs root"
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"needs Slurm: no {', '.join(missing)}"
    try:
        local = socket.gethostbyname(socket.gethostname()).startswith("127.")
    except OSError:
        local = False
    return "" if local else "needs a host name that is a loopback address"


@contextmanager
def running(folder):
    """Start it; yield the environment in which Slurm's commands reach it; stop it."""
    host = socket.gethostname().split(".")[0]
    for name in ("state", "spool", "bin"):
        (folder / name).mkdir(parents=True)
    os.mknod(folder / "gpu", 0o666 | stat.S_IFCHR, os.makedev(1, 3))  # /dev/null: only counted
    (folder / "gres.conf").write_text(f"NodeName={host} Name=gpu File={folder}/gpu\n")
    (folder / "slurm.conf").write_text(
        CONF.format(host=host, folder=folder, cpus=os.cpu_count(), ports=_free_ports(2)))
    srun = folder / "bin" / "srun"
    srun.write_text(SRUN.format(folder=folder, srun=shutil.which("srun")))
    srun.chmod(0o755)
    environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf"),
                                "PATH": f"{folder}/bin{os.pathsep}{os.environ['PATH']}"}

    def call(*command):
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    munge = call("munge", "-n").returncode != 0
    if munge:
        subprocess.run(["install", "-d", "-o", "munge", "-g", "munge", "/run/munge"], check=True)
        call("runuser", "-u", "munge", "--", shutil.which("munged"))
    try:
        for command in (["slurmctld"], ["slurmd", "-N", host]):
            done = call(*command)
            assert done.returncode == 0, done.stderr
        until = time.monotonic() + 30
        while "idle" not in (said := call("sinfo", "-h", "-o", "%t").stdout):
            assert time.monotonic() < until, f"{said}\n{(folder / 'slurmctld.log').read_text()}"
            time.sleep(0.1)
        yield environment
    finally:
        call("scancel", "-u", "root")
        pids = [folder / "slurmd.pid", folder / "slurmctld.pid"]
        for file in pids + ([Path("/run/munge/munged.pid")] if munge else []):
            _stop(file)


def _stop(file):
    """End the daemon that a file names."""
    if not file.exists():
        return
    pid = int(file.read_text())
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.1)


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for free in sockets:
        free.bind(("127.0.0.1", 0))
    ports = [free.getsockname()[1] for free in sockets]
    for free in sockets:
        free.close()
    return ports
