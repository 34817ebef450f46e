#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenize/models/bpe.h"

namespace bge::tokenize {

using NamedMerges = std::vector<std::pair<std::string_view, std::string_view>>;

// A BPE model of the file's "vocab" and "merges", told by the names of tokens. Throws Error with
// kTokenizerInvalid for a merge of what is no token or an id of two tokens, kTokenizerUnsupported
// where a byte has no token.
std::unique_ptr<BpeModel> build_bpe_model(const std::vector<DoubleArray::Entry>& tokens,
                                          const NamedMerges& merges, bool ignore_merges);

}  // namespace bge::tokenize
