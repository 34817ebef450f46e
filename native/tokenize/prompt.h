#pragma once

#include <optional>
#include <string>

namespace bge::tokenize {

// The text that a decoder was trained to answer: a template around query and passage, in which
// added tokens stand by their names. What is put into it is text, whatever names it holds.
struct Prompt {
  std::string before_query;
  // In place of before_query where a request brings an instruction; nothing: the template has no
  // place for one.
  struct Instructed {
    std::string before;  // the instruction
    std::string after;   // it, up to the query
  };
  std::optional<Instructed> instructed;
  std::string before_passage;
  std::string end;
  // Whether the whole is tokenised as one text, as chat templates are. Else what follows the query,
  // and what follows the passage, is tokenised apart from them.
  bool joined = true;
};

}  // namespace bge::tokenize
