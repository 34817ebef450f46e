#pragma once

#include <cstdint>
#include <string>

namespace bge::encoder {

// The family decides where positions start and how the classification head is wired.
enum class Family { kBert, kRoberta };

// A sequence-classification encoder as its config.json describes it.
struct EncoderConfig {
  Family family;
  int vocabulary;
  int hidden;
  int layers;
  int heads;
  int intermediate;
  int positions;
  int types;
  int pad_id;
  float epsilon;

  int head_dim() const { return hidden / heads; }
  // RoBERTa's first position is pad_id + 1.
  int first_position() const { return family == Family::kRoberta ? pad_id + 1 : 0; }
  // Longest pair, special tokens included.
  int max_tokens() const { return positions - first_position(); }
};

// Reads <folder>/config.json. Throws Error kModelNotFound, kModelInvalid, or kModelUnsupported
// (with the entry that does not fit) for an architecture that only the ONNX path can run.
EncoderConfig read_config(const std::string& path);

}  // namespace bge::encoder
