#pragma once

#include <simdjson.h>

#include <memory>

#include "tokenize/json/pre_tokenizer.h"
#include "tokenize/models/model.h"

namespace bge::tokenize {

// Streams the "model" section, which is nearly all of a file, into the model: the vocabulary is
// never held as a tree. The parser behind `section` must live until this returns. Throws Error, and
// simdjson::simdjson_error for malformed JSON.
struct ReadModel {
  Alphabet alphabet;
  std::unique_ptr<Model> model;  // not yet shared
};
ReadModel read_model(simdjson::ondemand::value section);

}  // namespace bge::tokenize
