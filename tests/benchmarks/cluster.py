"""Shares a second on 1 and 2 workers of a Dask scheduler on this machine, and what a task costs besides its work.

Run by hand: `python tests/benchmarks/cluster.py`. Each worker is asked for a share first, so that its target is traced.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from gradcheck.cache import Origin
from gradcheck.configuration import EMPTY
from gradcheck.options import ScanOptions
from gradcheck.pipeline import bundles
from gradcheck.pipeline.messages import Divide, Expand, Setting
from gradcheck.pipeline.station import Job, described, perform

NAME = "samples.softplus:my_softplus"
SHARES = 32
EMPTY_TASKS = 200


def started(directory: Path, program: str, *arguments: str) -> "subprocess.Popen[bytes]":
    words = ["-m", f"distributed.cli.dask_{program}", "--scheduler-file", str(directory / "scheduler.json")]
    return subprocess.Popen(
        [sys.executable, *words, *arguments], cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def measured(client: Any, archive: Any, workers: int) -> tuple[float, float]:
    """Shares a second, and seconds of a task that does nothing."""
    job = Job(Setting(ScanOptions(exhaustive=True), EMPTY), str(Path.cwd()), 600.0, described())
    client.wait_for_workers(workers)
    places = list(client.scheduler_info(n_workers=-1)["workers"])
    divided = [client.submit(perform, archive, job, NAME, Divide(NAME), workers=[w], pure=False) for w in places]
    shares = client.gather(divided)[0].shares
    middle = shares[len(shares) // 2 : len(shares) // 2 + SHARES]
    client.gather([client.submit(perform, archive, job, NAME, middle[0], workers=[w], pure=False) for w in places])
    began = time.perf_counter()
    client.gather([client.submit(perform, archive, job, NAME, share, pure=False) for share in middle])
    rate = len(middle) / (time.perf_counter() - began)
    took = []
    for _ in range(EMPTY_TASKS):
        began = time.perf_counter()
        client.submit(perform, archive, job, NAME, Expand(NAME), pure=False).result()
        took.append(time.perf_counter() - began)
    return rate, median(took)


def main() -> None:
    from distributed import Client

    archive = bundles.packed((Origin("module", "samples.softplus"),))
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        running = [started(directory, "scheduler", "--host", "127.0.0.1", "--port", "0")]
        try:
            while not (directory / "scheduler.json").exists():
                time.sleep(0.1)
            time.sleep(1.0)
            address = json.loads((directory / "scheduler.json").read_text())["address"]
            with Client(address, set_as_default=False) as client:
                sent = client.submit(bytes, archive, pure=False)
                for workers in (1, 2):
                    running.append(started(directory, "worker", "--nthreads", "1", "--no-nanny", "--no-dashboard"))
                    rate, empty = measured(client, sent, workers)
                    words = f"{rate:.2f} shares of 64 Mi floats a second, {1000 * empty:.1f} ms an empty task"
                    print(f"{workers} workers: {words}; load {os.getloadavg()[0]:.1f}", flush=True)
        finally:
            for process in reversed(running):
                process.kill()
                process.wait()


if __name__ == "__main__":
    main()
