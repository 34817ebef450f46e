#!/usr/bin/env bash
# On a machine with an NVIDIA GPU: builds, compares the logits of the CUDA provider with those of the CPU's, and times both.
#   ONNXRUNTIME_LIBRARY=/path/to/libonnxruntime.so scripts/gpu-check.sh MODEL_FOLDER [fp32|int8]
# The library must be a CUDA build with libonnxruntime_providers_cuda.so beside it, and CUDA and cuDNN where the dynamic
# loader finds them.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -lt 1 ] || [ -z "${ONNXRUNTIME_LIBRARY:-}" ]; then
  sed -n '3,5s/^# //p' "$0" >&2
  exit 2
fi
if ! command -v nvidia-smi >/dev/null; then
  echo "There is no nvidia-smi here: install the NVIDIA driver, or run this on a machine with a GPU." >&2
  exit 1
fi
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
node scripts/ensure-built.mjs
node scripts/gpu-check.mjs "$@"
