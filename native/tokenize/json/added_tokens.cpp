#include "tokenize/json/added_tokens.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <utility>

namespace bge::tokenize {
namespace {

struct FlaggedToken {
  AddedToken token;
  bool special;
  bool normalized;
};

FlaggedToken read_token(const JsonNode& node) {
  FlaggedToken out;
  const JsonNode content = node.at("content");
  out.token.content = content.string();
  if (out.token.content.size() > kMaxTokenBytes) throw_too_long(content.pointer());
  out.token.single_word = node.boolean("single_word");
  out.token.lstrip = node.boolean("lstrip");
  out.token.rstrip = node.boolean("rstrip");
  out.special = node.boolean("special", false);
  out.normalized = node.boolean("normalized", !out.special);
  return out;
}

// As the reference does: an empty content is no token; the last of those with one content counts.
std::vector<FlaggedToken> read_tokens(const JsonNode& section) {
  std::vector<FlaggedToken> out;
  std::map<std::string, size_t> places;
  for (const JsonNode& node : section.items()) {
    FlaggedToken token = read_token(node);
    if (token.token.content.empty()) continue;
    const auto [place, is_new] = places.emplace(token.token.content, out.size());
    if (is_new) {
      out.push_back(std::move(token));
    } else {
      token.special |= out[place->second].special;  // once special, always special
      out[place->second] = std::move(token);
    }
  }
  return out;
}

// Ids come from the model's vocabulary where it has the content, else from behind it in file order;
// the reference does not read the file's "id" either.
void give_ids(std::vector<FlaggedToken>& tokens, const Model& model) {
  size_t next = model.vocabulary_size();
  for (auto& [token, special, normalized] : tokens) {
    const auto id = model.token_to_id(token.content);
    if (!id && next > std::numeric_limits<int32_t>::max()) {
      throw_invalid("more ids than 32 bits have", "/added_tokens");
    }
    token.id = id ? *id : static_cast<int32_t>(next++);
  }
}

}  // namespace

ReadAddedTokens read_added_tokens(const JsonNode& section, const Model& model,
                                  const Normalizer& normalizer, SpecialTokens special_tokens) {
  ReadAddedTokens out{{}, {}, model.id_bound(), {}};
  if (section.is_null()) return out;
  auto tokens = read_tokens(section);
  give_ids(tokens, model);
  for (const bool is_special :
       {true, false}) {  // of equal normalized contents a special one counts
    for (auto& [token, special, normalized] : tokens) {
      if (special != is_special) continue;
      out.id_bound = std::max(out.id_bound, static_cast<size_t>(token.id) + 1);
      token.is_text = special && special_tokens == SpecialTokens::kText;
      if (token.is_text) out.left_out.push_back(token.content);
      if (!normalized) {
        out.raw.push_back(std::move(token));
        continue;
      }
      std::string content;
      normalizer.normalize(token.content, SegmentEnds(), content);
      token.content = std::move(content);
      out.normalized.push_back(std::move(token));
    }
  }
  return out;
}

}  // namespace bge::tokenize
