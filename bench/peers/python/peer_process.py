"""One peer, one case, one load in a process of its own: `peer_process.py JOB_JSON`; the result goes to job["output"]."""

import importlib
import json
import os
import platform
import resource
import sys
import time
import traceback
from pathlib import Path

WARM_UP_CONTEXTS = 4


def peak_rss_bytes() -> int:
    """Of this process alone: on Linux, ru_maxrss begins with what the process that started this one had."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(job: dict) -> dict:
    peer_module = importlib.import_module(job["python"])
    from measure import LOADS

    requests = json.loads(Path(job["requests"]).read_text(encoding="utf-8"))
    requests = [{**request, "contexts": request["contexts"][: job["load"]["contexts"]]} for request in requests]
    loading = time.perf_counter()
    peer = peer_module.Peer(job)
    load_ms = (time.perf_counter() - loading) * 1000
    peer.rerank({**requests[0], "contexts": requests[0]["contexts"][:WARM_UP_CONTEXTS]})
    cpu_before = time.process_time()
    result = LOADS[job["load"]["kind"]](peer.rerank, requests, job["load"])
    cpu = time.process_time() - cpu_before
    return {
        **result,
        "loadMs": load_ms,
        "coresUsed": cpu * 1000 / result["elapsedMs"],
        "peakRssBytes": peak_rss_bytes(),
        "versions": {"python": platform.python_version(), **peer.versions},
        "settings": peer.settings,
        "instructionSet": "its choice",
    }


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        outcome = measure(job)
    except ModuleNotFoundError as error:
        outcome = {"skipped": f"{error.name} is not installed"}
    except Exception as error:
        outcome = {"failed": repr(error), "trace": traceback.format_exc()}
    Path(job["output"]).write_text(json.dumps(outcome), encoding="utf-8")
    # A peer's own threads must not keep a measured process alive.
    os._exit(0)


if __name__ == "__main__":
    main()
