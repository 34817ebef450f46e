#pragma once

#include <algorithm>
#include <atomic>
#include <type_traits>

#include "base/error.h"
#include "base/team.h"
#include "encoder/blocks/key_values.h"
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

// A thread with its Scratch.
class ScratchOwner : public TeamMember {
 public:
  virtual Scratch& scratch() = 0;
};

// One forward pass over the sequences of a run, on the thread of `own` and on those who take part
// in its team.
struct Pass {
  const kernels::Kernels& kernels;
  const kernels::Dtype dtype;
  const std::atomic<bool>& stop;
  Sequences& sequences;
  SharedBuffers& shared;
  ScratchOwner& own;
  Team& team;
  // Where the keys and values of the one sequence of this pass are kept, or null.
  KeyValues* kept = nullptr;

  // Throws Error kAborted; between two layers.
  void check_stop() const {
    if (stop.load(std::memory_order_relaxed))
      throw Error(ErrorCode::kAborted, "The run was cancelled; call again if it is still wanted.");
  }

  // All tokens, one row each.
  Stream all() const { return {shared.x.as<float>(), shared.hidden.view(), sequences.tokens()}; }

  // body(task, scratch) for tasks that do not depend on one another, which must not throw.
  template <class Body>
  void each(int tasks, Body&& body) {
    if (tasks > 1 && team.is_open()) {
      team.run(
          tasks,
          [](void* context, int task, TeamMember& member) {
            (*static_cast<std::remove_reference_t<Body>*>(context))(
                task, static_cast<ScratchOwner&>(member).scratch());
          },
          &body, own);
    } else {
      for (int task = 0; task < tasks; ++task) body(task, own.scratch());
    }
  }

  // body(first, last, scratch) for parts of rows that do not depend on one another. Parts are whole
  // tiles: no thread reads rows that another one writes.
  template <class Body>
  void over_rows(int rows, Body&& body) {
    const int part = rows_of_a_part(rows);
    each((rows + part - 1) / part, [&](int task, Scratch& scratch) {
      const int first = task * part;
      body(first, std::min(rows, first + part), scratch);
    });
  }

 private:
  // Two parts a thread: one that lost its processor for a while holds up less. Every part reads all
  // of a layer's weights, so it is all rows where nobody else is there.
  int rows_of_a_part(int rows) const {
    constexpr int kPartsOfAThread = 2;
    const int members = team.members();
    if (members == 0) return rows;
    const int parts = kPartsOfAThread * (members + 1);
    const int tiles = (rows + kernels::kRowMultiple - 1) / kernels::kRowMultiple;
    return (tiles + parts - 1) / parts * kernels::kRowMultiple;
  }
};

}  // namespace bge::encoder
