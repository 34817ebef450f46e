#include "tokenize/json/bpe_model.h"

#include <algorithm>
#include <string>

#include "tokenize/json/node.h"
#include "tokenize/pre_tokenizers/byte_level.h"

namespace bge::tokenize {
namespace {

// What a merge gives is known by its id alone, so that each token needs one of its own.
void refuse_shared_ids(std::vector<DoubleArray::Entry> tokens) {
  std::sort(tokens.begin(), tokens.end(),
            [](const auto& a, const auto& b) { return a.value < b.value; });
  for (size_t i = 1; i < tokens.size(); ++i) {
    if (tokens[i].value == tokens[i - 1].value && tokens[i].key != tokens[i - 1].key) {
      throw_invalid("two tokens of one id", "/model/vocab/" + std::string(tokens[i].key));
    }
  }
}

std::array<int32_t, 256> ids_of_bytes(const std::vector<DoubleArray::Entry>& byte_strings) {
  std::array<int32_t, 256> ids;
  ids.fill(DoubleArray::kNone);
  for (const auto& [bytes, id] : byte_strings) {
    if (bytes.size() == 1) ids[static_cast<unsigned char>(bytes.front())] = id;
  }
  if (std::find(ids.begin(), ids.end(), DoubleArray::kNone) != ids.end()) {
    throw_unsupported("a BPE vocabulary without a token for every byte", "/model/vocab");
  }
  return ids;
}

std::vector<BpeMerge> ids_of_merges(const DoubleArray& names, const NamedMerges& merges) {
  std::vector<BpeMerge> out;
  out.reserve(merges.size());
  for (const auto& [left, right] : merges) {
    const auto left_id = names.find(left);
    const auto right_id = names.find(right);
    const auto merged_id = names.find(std::string(left).append(right));
    if (!left_id || !right_id || !merged_id) {
      throw_invalid("a merge of what is no token", "/model/merges/" + std::to_string(out.size()));
    }
    out.push_back({*left_id, *right_id, *merged_id});
  }
  return out;
}

}  // namespace

std::unique_ptr<BpeModel> build_bpe_model(const std::vector<DoubleArray::Entry>& tokens,
                                          const NamedMerges& merges, bool ignore_merges) {
  refuse_shared_ids(tokens);
  BpeVocabulary out;
  out.names = DoubleArray::build(tokens);
  std::vector<std::pair<std::string, int32_t>> byte_strings;  // only what a text can become
  byte_strings.reserve(tokens.size());
  out.id_bound = 0;
  for (const auto& [name, id] : tokens) {
    out.id_bound = std::max(out.id_bound, static_cast<size_t>(id) + 1);
    if (auto bytes = bytes_of_token(name)) byte_strings.emplace_back(std::move(*bytes), id);
  }
  for (const auto& [bytes, id] : byte_strings) out.tokens.push_back({bytes, id});
  out.byte_ids = ids_of_bytes(out.tokens);
  out.merges = ids_of_merges(out.names, merges);
  out.ignore_merges = ignore_merges;
  return std::make_unique<BpeModel>(std::move(out));
}

}  // namespace bge::tokenize
