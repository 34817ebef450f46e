#pragma once

#include <cstddef>

namespace bge::encoder {

// What one head has of one sequence.
struct HeadRows {
  const float* queries;
  size_t query_stride;
  const float* keys;  // then values, in rows `stride` apart
  size_t stride;
  int count;  // of queries, which are the first tokens
  int length;
  float* out;
};

}  // namespace bge::encoder
