#pragma once

#include <cstddef>
#include <span>

#include "backend/backend.h"

namespace bge::schedule {

// How many of the pairs at the front make the next run: the longest prefix within the limits, at
// least one. `lengths` are tokens a pair, in the order in which the pairs want to run. Pure.
size_t plan_batch(std::span<const size_t> lengths, const backend::BatchLimits& limits) noexcept;

}  // namespace bge::schedule
