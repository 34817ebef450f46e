"""Loads on one peer inside its own process; the counterpart of lib/measure.mjs."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy


def _summary(latencies_ms: list[float]) -> dict:
    p50, p95, p99 = numpy.percentile(latencies_ms, [50, 95, 99], method="inverted_cdf")
    return {"count": len(latencies_ms), "p50": p50, "p95": p95, "p99": p99, "max": max(latencies_ms)}


def closed_loop(rerank, requests: list[dict], load: dict) -> dict:
    """`callers` threads, each sending its next request when the last is answered: whole passes over `requests`."""
    latencies: list[float] = []
    lock = threading.Lock()
    sent = 0
    start = time.perf_counter()

    def next_request():
        nonlocal sent
        with lock:
            whole_pass = sent > 0 and sent % len(requests) == 0
            if whole_pass and time.perf_counter() - start >= load["seconds"]:
                return None
            sent += 1
            return requests[(sent - 1) % len(requests)]

    def caller():
        while request := next_request():
            begun = time.perf_counter()
            rerank(request)
            latencies.append((time.perf_counter() - begun) * 1000)

    threads = [threading.Thread(target=caller) for _ in range(load["callers"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - start
    pairs = sum(len(request["contexts"]) for request in requests) * sent // len(requests)
    return {"elapsedMs": elapsed * 1000, "pairs": pairs, "latency": _summary(latencies)}


def open_loop(rerank, requests: list[dict], load: dict) -> dict:
    """Constant arrival; latency counts from the moment a request was due."""
    total = max(1, int(load["rate"] * load["seconds"]))
    latencies: list[float] = []
    pairs = 0
    start = time.perf_counter()

    def one(request: dict, due: float):
        rerank(request)
        latencies.append((time.perf_counter() - due) * 1000)

    with ThreadPoolExecutor(max_workers=total) as pool:
        answers = []
        for i in range(total):
            due = start + i / load["rate"]
            time.sleep(max(0.0, due - time.perf_counter()))
            request = requests[i % len(requests)]
            pairs += len(request["contexts"])
            answers.append(pool.submit(one, request, due))
        for answer in answers:
            answer.result()
    elapsed = time.perf_counter() - start
    return {"elapsedMs": elapsed * 1000, "pairs": pairs, "latency": _summary(latencies), "rate": load["rate"]}


def score_all(rerank, requests: list[dict], load: dict) -> dict:
    """Logits of `requests` in order, until `seconds` are over."""
    logits: list[list[float]] = []
    start = time.perf_counter()
    for request in requests:
        if time.perf_counter() - start >= load["seconds"]:
            break
        logits.append([float(value) for value in rerank(request)])
    elapsed = time.perf_counter() - start
    return {"elapsedMs": elapsed * 1000, "pairs": sum(map(len, logits)), "logits": logits}


LOADS = {"closed": closed_loop, "open": open_loop, "score": score_all}
