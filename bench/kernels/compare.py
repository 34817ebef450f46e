"""Tokens per second of processor time, one thread, our own kernels beside their peers, in turns.

    pip install numpy onnxruntime openvino tokenizers
    python bench/kernels/compare.py ENCODER_BENCH PAIRS ROUNDS FP32_FOLDER [INT8_MODEL.onnx]

FP32_FOLDER holds config.json, model.safetensors and onnx/model.onnx; PAIRS is written by
scripts/models/fidelity.py. Processor time, not wall time, so that the ratios hold on a machine that does
other work as well; every engine gets one thread and one pair a run, except `onnxruntime padded`: 30
pairs padded to the longest, what a plain pipeline does. The best of all rounds is taken.
"""

import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "models"))
from fidelity import read_pairs  # noqa: E402


def feeds(pairs, names):
    longest = max(len(ids) for ids, _ in pairs)
    pad = lambda x: np.pad(x, (0, longest - len(x)))
    values = {
        "input_ids": np.stack([pad(ids) for ids, _ in pairs]).astype(np.int64),
        "attention_mask": np.stack([pad(np.ones_like(ids)) for ids, _ in pairs]).astype(np.int64),
        "token_type_ids": np.stack([pad(types) for _, types in pairs]).astype(np.int64),
    }
    return {name: values[name] for name in names}


def onnxruntime_runner(model):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    return lambda pairs: session.run(None, feeds(pairs, names))


def openvino_runner(model, precision):
    import openvino

    config = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": precision}
    compiled = openvino.Core().compile_model(model, "CPU", config)
    names = [i.get_any_name() for i in compiled.inputs]
    request = compiled.create_infer_request()
    return lambda pairs: request.infer(feeds(pairs, names))


def measure(run, pairs, batch):
    batches = [pairs[i : i + batch] for i in range(0, len(pairs), batch)]
    for some in batches if batch == 1 else batches[:1]:
        run(some)  # every shape once: peers compile per shape
    start = time.process_time()
    for some in batches:
        run(some)
    return sum(len(ids) for ids, _ in pairs) / (time.process_time() - start)


def measure_own(program, folder, dtype, pairs_path):
    command = [program, folder, f"{folder}/model.safetensors", dtype, pairs_path, "1"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(re.search(r"tokens/cpu-s=(\d+)", output)[1])


def main(program, pairs_path, rounds, folder, int8_model=None):
    pairs = list(read_pairs(pairs_path))
    fp32_model = f"{folder}/onnx/model.onnx"
    fp32 = onnxruntime_runner(fp32_model)
    bf16 = openvino_runner(fp32_model, "bf16")
    cases = {
        "int8, ours": lambda: measure_own(program, folder, "int8", pairs_path),
        "bf16, ours": lambda: measure_own(program, folder, "bf16", pairs_path),
        "openvino bf16": lambda: measure(bf16, pairs, 1),
        "onnxruntime fp32": lambda: measure(fp32, pairs, 1),
        "onnxruntime fp32 padded": lambda: measure(fp32, pairs[:30], 30),
    }
    if int8_model:
        int8 = onnxruntime_runner(int8_model)
        cases["onnxruntime int8"] = lambda: measure(int8, pairs, 1)
    best = dict.fromkeys(cases, 0.0)
    for _ in range(int(rounds)):
        for name, case in cases.items():
            best[name] = max(best[name], case())
            print(f"  {name}: {best[name]:.0f} tokens/cpu-s", flush=True)
    for name, speed in best.items():
        ratios = [f"{best[ours] / speed:.2f}" for ours in ("int8, ours", "bf16, ours")]
        print(f"{name:24} {speed:8.0f} tokens/cpu-s   int8 is {ratios[0]}x, bf16 {ratios[1]}x")


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    main(*sys.argv[1:])
