"""Where more cores stop helping: weight traffic of our int8 kernels against memory bandwidth.

    python bench/kernels/memory_traffic.py SPEED_BASE SPEED_MINILM

SPEED: tokens per second of one core, as encoder_bench prints them (tokens/cpu-s). Every run reads
all encoder weights once, whatever it computes; activations stay in the core's own cache. So a core
asks for weights / tokens-per-run * speed bytes a second, and the cores that a memory feeds follow.
Assumes nothing of the weights stays in a shared cache: a last level larger than the weights lifts
the bound.
"""

import sys

# Bytes of int8 panels, scales and sums of all layers; 1.02 is what scales and biases add.
SHAPES = {"XLM-R base": (12, 768, 3072), "MiniLM-L12": (12, 384, 1536)}
BANDWIDTHS = {"2 channels": 35e9, "8 channels": 200e9}
RUN_TOKENS = (60, 290, 512)


def weight_bytes(layers, hidden, intermediate):
    return 1.02 * layers * (4 * hidden * hidden + 2 * hidden * intermediate)


def main(speeds):
    print("model        tokens/run  GB/s per core  " + "  ".join(f"cores, {b}" for b in BANDWIDTHS))
    for (name, shape), speed in zip(SHAPES.items(), speeds):
        for tokens in RUN_TOKENS:
            demand = weight_bytes(*shape) / tokens * speed
            cores = "  ".join(f"{b / demand:17.0f}" for b in BANDWIDTHS.values())
            print(f"{name:12} {tokens:10} {demand / 1e9:14.2f}  {cores}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main([float(speed) for speed in sys.argv[1:]])
