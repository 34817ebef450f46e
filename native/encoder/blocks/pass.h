#pragma once

#include <atomic>

#include "base/error.h"
#include "encoder/blocks/sequences.h"
#include "encoder/blocks/workspace.h"
#include "kernels/kernels.h"

namespace bge::encoder {

// Rows of x with the form that linear layers take: all tokens, or some of them.
struct Stream {
  float* x;  // [rows][width]
  kernels::Activations hidden;
  int rows;

  // Rows [first, last) of it; `first` is a multiple of kernels::kRowMultiple.
  Stream part(kernels::Dtype dtype, int first, int last) const {
    const size_t width = hidden.stride;
    return {x + first * width,
            {static_cast<char*>(hidden.data) + first * width * kernels::element_size(dtype), width,
             hidden.row_scale + first},
            last - first};
  }
};

// One forward pass over the sequences of a run.
struct Pass {
  const kernels::Kernels& kernels;
  const kernels::Dtype dtype;
  const std::atomic<bool>& stop;
  Sequences& sequences;
  SharedBuffers& shared;
  Scratch& scratch;

  // Throws Error kAborted; between two layers.
  void check_stop() const {
    if (stop.load(std::memory_order_relaxed))
      throw Error(ErrorCode::kAborted, "The run was cancelled; call again if it is still wanted.");
  }

  // All tokens, one row each.
  Stream all() const { return {shared.x.as<float>(), shared.hidden.view(), sequences.tokens()}; }

  // body(task, scratch) for tasks that do not depend on one another.
  template <class Body>
  void each(int tasks, Body&& body) {
    for (int task = 0; task < tasks; ++task) body(task, scratch);
  }

  // body(first, last, scratch) for parts of rows that do not depend on one another.
  template <class Body>
  void over_rows(int rows, Body&& body) {
    body(0, rows, scratch);
  }
};

}  // namespace bge::encoder
