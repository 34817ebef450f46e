"""Share of this machine's own int8 ceiling that whole pairs reach, one thread, in turns.

    python bench/kernels/ceiling.py LINEAR_BENCH ENCODER_BENCH ISA ROUNDS FOLDER PAIRS [FOLDER PAIRS ...]

The ceiling is linear_bench's int8 product of 256 rows by 768 x 768 with its plain epilogue. A FOLDER
holds config.json and model.safetensors (float32); its PAIRS are written by scripts/models/fidelity.py.
Operations of a token: two for every multiply-add of the encoder's linear layers and of attention's
two products, as the model defines them; work that our path does twice or leaves out is not counted.
The best of all rounds is taken, of processor time.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts" / "models"))
from fidelity import read_pairs  # noqa: E402


def operations_per_token(folder, pairs_path):
    config = json.loads((Path(folder) / "config.json").read_text())
    hidden, layers = config["hidden_size"], config["num_hidden_layers"]
    linear = 2 * (4 * hidden**2 + 2 * hidden * config["intermediate_size"])
    lengths = [len(ids) for ids, _ in read_pairs(pairs_path)]
    attention = 4 * hidden * sum(length**2 for length in lengths) / sum(lengths)
    return layers * (linear + attention)


def figure(pattern, command, isa):
    environment = {**os.environ, "BGE_RERANKER_ISA": isa}
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(re.search(pattern, output.stdout)[1])


def main(linear_bench, encoder_bench, isa, rounds, *models):
    models = list(zip(models[::2], models[1::2]))
    ceiling, speeds = 0.0, [0.0] * len(models)
    for _ in range(int(rounds)):
        product = r"int8 rows=256 n=768 k=768 gelu=0: *([\d.]+) GOP/s"
        ceiling = max(ceiling, figure(product, [linear_bench, isa], isa))
        for i, (folder, pairs) in enumerate(models):
            command = [encoder_bench, folder, f"{folder}/model.safetensors", "int8", pairs, "1"]
            speeds[i] = max(speeds[i], figure(r"tokens/cpu-s=(\d+)", command, isa))
    print(f"{isa}: ceiling {ceiling:.0f} GOP/s")
    for (folder, pairs), speed in zip(models, speeds):
        giga = operations_per_token(folder, pairs) / 1e9
        share = 100 * speed * giga / ceiling
        print(f"{folder}: {speed:.0f} tokens/s x {giga:.4f} GOP = {share:.1f} % of it")


if __name__ == "__main__":
    main(*sys.argv[1:])
