#!/usr/bin/env bash
# On a machine with an NVIDIA GPU: builds, compares the logits of CUDA with those of the CPU, and times it.
#   ONNXRUNTIME_LIBRARY=/path/to/onnxruntime scripts/gpu/gpu-check.sh MODEL_FOLDER [--dtypes fp32,fp16] [--devices 0,1]
#     [--lengths 32,128,256,512] [--budgets 4096,16384,65536] [--pairs 1024]
# ONNXRUNTIME_LIBRARY is a CUDA build of the library, or its folder, with libonnxruntime_providers_cuda.so beside it (the
# folder onnxruntime/capi of the Python package onnxruntime-gpu is one). CUDA and cuDNN must be on LD_LIBRARY_PATH.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ $# -lt 1 ] || [ -z "${ONNXRUNTIME_LIBRARY:-}" ]; then
  sed -n '3,6s/^# //p' "$0" >&2
  exit 2
fi
if ! command -v nvidia-smi >/dev/null; then
  echo "There is no nvidia-smi here: install the NVIDIA driver, or run this on a machine with a GPU." >&2
  exit 1
fi
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
node scripts/clone/ensure-built.mjs
node scripts/gpu/gpu-check.mjs "$@"
