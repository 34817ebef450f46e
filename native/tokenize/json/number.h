#pragma once

#include <optional>
#include <string_view>

namespace bge::tokenize {

// A JSON number as serde_json reads it without its `float_roundtrip` feature, which is how Hugging
// Face reads the scores: the digits as one integer, rounded once, then scaled by one power of ten,
// rounded again. It differs from the exact value by an ulp now and then, and ids depend on it.
// Empty where `text` is no JSON number or is beyond float64.
std::optional<double> parse_serde_number(std::string_view text);

}  // namespace bge::tokenize
