#pragma once

#include <algorithm>
#include <atomic>
#include <type_traits>

#include "base/error.h"
#include "base/team.h"
#include "encoder/blocks/sequences.h"
#include "encoder/blocks/workspace.h"
#include "kernels/kernels.h"

namespace bge::encoder {

// Rows of x with the form that linear layers take: all tokens, or some of them.
struct Stream {
  float* x;  // [rows][width]
  kernels::Activations hidden;
  int rows;

  // Rows [first, last) of it.
  Stream part(kernels::Dtype dtype, int first, int last) const {
    return {x + first * hidden.stride, kernels::rows_from(hidden, dtype, first), last - first};
  }
};

// A thread with its Scratch.
class ScratchOwner : public TeamMember {
 public:
  virtual Scratch& scratch() = 0;
};

// One forward pass over the sequences of a run, on the thread of `own` and on those who take part
// in its team.
//
// Many rows are shared out once for all that happens to a row between two attentions (over_rows).
// Few rows would leave threads idle, or have each of them read all weights for next to nothing:
// there the leader goes through the same steps for all rows, and each step is a region of its own
// (over_columns for products, over_single_rows for the rest). Both give the same bits.
class Pass {
 public:
  Pass(const kernels::Kernels& the_kernels, kernels::Dtype the_dtype, const std::atomic<bool>& stop,
       Sequences& the_sequences, SharedBuffers& buffers, ScratchOwner& own, Team& team)
      : kernels(the_kernels),
        dtype(the_dtype),
        sequences(the_sequences),
        shared(buffers),
        stop_(stop),
        own_(own),
        team_(team) {}
  const kernels::Kernels& kernels;
  const kernels::Dtype dtype;
  Sequences& sequences;
  SharedBuffers& shared;

  // Throws Error kAborted; between two layers.
  void check_stop() const {
    if (stop_.load(std::memory_order_relaxed))
      throw Error(ErrorCode::kAborted, "The run was cancelled; call again if it is still wanted.");
  }

  // All tokens, one row each.
  Stream all() const { return {shared.x.as<float>(), shared.hidden.view(), sequences.tokens()}; }

  // body(task, scratch) for tasks that do not depend on one another, which must not throw.
  template <class Body>
  void each(int tasks, Body&& body) const {
    if (tasks > 1 && team_.is_open()) {
      team_.run(
          tasks,
          [](void* context, int task, TeamMember& member) {
            (*static_cast<std::remove_reference_t<Body>*>(context))(
                task, static_cast<ScratchOwner&>(member).scratch());
          },
          &body, own_);
    } else {
      for (int task = 0; task < tasks; ++task) body(task, own_.scratch());
    }
  }

  // body(first, last, scratch) for parts of rows that do not depend on one another, or for all rows
  // in steps that are shared out. Parts are whole tiles: no thread reads rows that another writes.
  template <class Body>
  void over_rows(int rows, Body&& body) {
    const int threads = team_.members() + 1;
    const int multiple = kernels::part_multiple(kernels.isa, dtype);
    if (threads > 1 && rows < kUnitsForParts * multiple * threads)
      in_steps([&] { body(0, rows, own_.scratch()); });
    else
      over_parts(rows, multiple, parts_of(rows, threads), body);
  }

  // What is called inside of body shares out its steps, where others take part.
  template <class Body>
  void in_steps(Body&& body) {
    steps_are_shared_ = true;
    body();
    steps_are_shared_ = false;
  }

  // body(first, last) for parts of the columns that one product computes; a multiple of 16 all.
  template <class Body>
  void over_columns(int columns, Body&& body) const {
    over_parts(columns, kColumnMultiple, threads_of_a_step(),
               [&](int first, int last, Scratch&) { body(first, last); });
  }

  // body(first, last) for parts of rows that are not multiplied.
  template <class Body>
  void over_single_rows(int rows, Body&& body) const {
    over_parts(rows, kernels::part_multiple(kernels.isa, dtype), threads_of_a_step(),
               [&](int first, int last, Scratch&) { body(first, last); });
  }

 private:
  // Parts of fewer tiles a thread would be too unequal.
  static constexpr int kUnitsForParts = 3;
  // Of the widest tile.
  static constexpr int kColumnMultiple = 64;

  // Two a thread where there are rows enough that each may read all weights: one that lost its
  // processor for a while holds up less.
  static int parts_of(int rows, int threads) {
    constexpr int kRowsForTwo = 64;
    if (threads == 1) return 1;
    return rows < 2 * threads * kRowsForTwo ? threads : 2 * threads;
  }

  int threads_of_a_step() const { return steps_are_shared_ ? team_.members() + 1 : 1; }

  // As equal as multiples allow; the last may be less than one.
  template <class Body>
  void over_parts(int count, int multiple, int parts, Body&& body) const {
    const int units = (count + multiple - 1) / multiple;
    parts = std::min(parts, units);
    each(parts, [&](int part, Scratch& scratch) {
      const auto begin_of = [&](int at) {
        return std::min(count, static_cast<int>(int64_t{units} * at / parts) * multiple);
      };
      body(begin_of(part), begin_of(part + 1), scratch);
    });
  }

  const std::atomic<bool>& stop_;
  ScratchOwner& own_;
  Team& team_;
  // Written by the leader while no task runs.
  bool steps_are_shared_ = false;
};

}  // namespace bge::encoder
