"""How faithful scores are: logits of one engine against those of another on graded queries.

    pip install numpy onnxruntime tokenizers
    python scripts/models/fidelity.py pairs MODEL_FOLDER QUERIES.jsonl.gz PAIRS        tokenize once
    python scripts/models/fidelity.py onnx MODEL.onnx PAIRS LOGITS                     by ONNX Runtime
    encoder_bench MODEL_FOLDER WEIGHTS int8 PAIRS 1 LOGITS                      by our own kernels
    python scripts/models/fidelity.py compare QUERIES.jsonl.gz TRUTH LOGITS [LOGITS ...]

QUERIES: one JSON object a line, {"query", "contexts": [{"text", "grade"}], "ideal": grades of the
ten best}. PAIRS: int32; for each pair its length, ids, type ids. LOGITS: float32, one a pair.
`compare` prints, for each file, the largest and the root-mean-square difference from TRUTH, Kendall's
tau of each query's order (mean and worst), and NDCG@10 with its difference from TRUTH's.
"""

import gzip
import json
import sys
import time

import numpy as np


def read_queries(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def write_pairs(folder, queries, out):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    tokenizer.enable_truncation(512, strategy="longest_first")
    tokenizer.no_padding()
    with open(out, "wb") as file:
        for query in read_queries(queries):
            for context in query["contexts"]:
                encoding = tokenizer.encode(query["query"], context["text"])
                row = [len(encoding.ids), *encoding.ids, *encoding.type_ids]
                file.write(np.array(row, np.int32).tobytes())


def read_pairs(path):
    data = np.fromfile(path, np.int32)
    at = 0
    while at < len(data):
        length = data[at]
        yield data[at + 1 : at + 1 + length], data[at + 1 + length : at + 1 + 2 * length]
        at += 1 + 2 * length


def run_onnx(model, pairs, out):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = {i.name for i in session.get_inputs()}
    logits, tokens = [], 0
    start, cpu = time.perf_counter(), time.process_time()
    for ids, types in read_pairs(pairs):
        feeds = {
            "input_ids": ids[None].astype(np.int64),
            "attention_mask": np.ones((1, len(ids)), np.int64),
            "token_type_ids": types[None].astype(np.int64),
        }
        logits.append(session.run(None, {n: feeds[n] for n in names})[0].ravel()[0])
        tokens += len(ids)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    print(f"{model}: pairs/s={len(logits) / wall:.1f} tokens/cpu-s={tokens / cpu:.0f}")
    np.array(logits, np.float32).tofile(out)


def kendall_tau(a, b):
    """Concordant minus discordant pairs over all pairs; a tie in either counts as neither."""
    upper = np.triu_indices(len(a), 1)
    signs = np.sign(np.subtract.outer(a, a)) * np.sign(np.subtract.outer(b, b))
    return signs[upper].mean()


def ndcg10(grades, logits, ideal):
    gain = lambda ranked: sum((2.0**g - 1) / np.log2(i + 2) for i, g in enumerate(ranked[:10]))
    best = gain(sorted(ideal, reverse=True))
    order = np.argsort(-logits, kind="stable")
    return gain([grades[i] for i in order]) / best if best else None


def summarize(queries, truth, logits):
    taus, scores, at = [], [], 0
    for query in queries:
        n = len(query["contexts"])
        ours, theirs = logits[at : at + n], truth[at : at + n]
        at += n
        taus.append(kendall_tau(ours, theirs))
        grades = [c["grade"] for c in query["contexts"]]
        scores.append(ndcg10(grades, ours, query["ideal"]))
    return np.array(taus), np.mean([s for s in scores if s is not None])


def compare(queries_path, truth_path, paths):
    queries = read_queries(queries_path)
    truth = np.fromfile(truth_path, np.float32)
    _, truth_ndcg = summarize(queries, truth, truth)
    print(f"truth: NDCG@10 {truth_ndcg:.5f}, {len(truth)} pairs, {len(queries)} queries")
    for path in paths:
        logits = np.fromfile(path, np.float32)
        taus, ndcg = summarize(queries, truth, logits)
        error = np.abs(logits - truth)
        print(
            f"{path}: max {error.max():.2g} rms {np.sqrt((error**2).mean()):.2g}"
            f" tau {taus.mean():.4f} (worst query {taus.min():.4f})"
            f" NDCG@10 {ndcg:.5f} ({ndcg - truth_ndcg:+.5f})"
        )


if __name__ == "__main__":
    commands = {"pairs": write_pairs, "onnx": run_onnx}
    match sys.argv[1:]:
        case ["compare", queries, truth, *paths] if paths:
            compare(queries, truth, paths)
        case [("pairs" | "onnx") as command, a, b, c]:
            commands[command](a, b, c)
        case _:
            sys.exit(__doc__)
