#include "tokenize/json/model.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "tokenize/json/bpe_model.h"
#include "tokenize/json/number.h"
#include "tokenize/models/unigram.h"
#include "tokenize/models/wordpiece.h"

namespace bge::tokenize {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr char kPointer[] = "/model";
constexpr char kVocabulary[] = "/model/vocab";

// The members of the section as they come; which of them count depends on the type, which may come
// last.
struct Members {
  std::optional<std::string> type;
  std::vector<std::string_view> pieces;  // a vocabulary that is an array, with scores
  std::vector<double> scores;
  std::vector<DoubleArray::Entry> tokens;  // a vocabulary that is an object, with ids
  std::optional<int64_t> unknown_id;
  std::optional<std::string_view> unknown_token;
  std::optional<std::string_view> continuing_prefix;
  std::optional<uint64_t> max_scalars;
  bool byte_fallback = false;
  bool has_merges = false;
  NamedMerges merges;
  bool ignore_merges = false;
  bool has_dropout = false;
  std::optional<std::string_view> word_suffix;
};

std::string entry_pointer(size_t index) {
  return std::string(kVocabulary) + "/" + std::to_string(index);
}

std::string token_pointer(std::string_view token) {
  return std::string(kVocabulary) + "/" + std::string(token);
}

double read_score(ondemand::value value, size_t index) {
  std::string_view token = value.raw_json_token();
  token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
  const auto score = parse_serde_number(token);
  if (!score || std::abs(*score) > kLargestScore) {
    throw_invalid("no number from -1e100 to 1e100", entry_pointer(index) + "/1");
  }
  return *score;
}

void read_scored_pieces(ondemand::array rows, Members& members) {
  for (ondemand::value row : rows) {
    const size_t index = members.pieces.size();
    size_t column = 0;
    for (ondemand::value value : row.get_array()) {
      if (column == 0) members.pieces.push_back(value.get_string());
      if (column == 1) members.scores.push_back(read_score(value, index));
      ++column;
    }
    if (column != 2) throw_invalid("no piece and score", entry_pointer(index));
  }
}

void read_token_ids(ondemand::object tokens, Members& members) {
  for (auto field : tokens) {
    const std::string_view token = field.unescaped_key();
    uint64_t id = 0;
    if (field.value().get(id) != simdjson::SUCCESS || id > std::numeric_limits<int32_t>::max()) {
      throw_invalid("no integer from 0 to 2147483647", token_pointer(token));
    }
    members.tokens.push_back({token, static_cast<int32_t>(id)});
  }
}

void read_vocabulary(ondemand::value value, Members& members) {
  if (!members.pieces.empty() || !members.tokens.empty()) {
    throw_invalid("two vocabularies", kVocabulary);
  }
  const ondemand::json_type type = value.type();
  if (type == ondemand::json_type::array) return read_scored_pieces(value, members);
  if (type == ondemand::json_type::object) return read_token_ids(value, members);
  throw_invalid("no vocabulary", kVocabulary);
}

// "a b", or ["a", "b"] in files that came later.
void read_merges(ondemand::array rows, Members& members) {
  if (members.has_merges) throw_invalid("two lists of merges", "/model/merges");
  members.has_merges = true;
  for (ondemand::value row : rows) {
    std::vector<std::string_view> parts;
    if (row.type() == ondemand::json_type::array) {
      for (ondemand::value part : row.get_array()) parts.push_back(part.get_string());
    } else {
      const std::string_view text = row.get_string();
      const size_t space = text.find(' ');
      parts = {text.substr(0, space), space == text.npos ? "" : text.substr(space + 1)};
    }
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) {
      throw_invalid("no two tokens", "/model/merges/" + std::to_string(members.merges.size()));
    }
    members.merges.emplace_back(parts[0], parts[1]);
  }
}

void read_member(std::string_view key, ondemand::value value, Members& members) {
  if (key == "merges") return read_merges(value.get_array(), members);
  if (key == "vocab") return read_vocabulary(value, members);
  const bool is_known = key == "type" || key == "unk_id" || key == "unk_token" ||
                        key == "continuing_subword_prefix" || key == "byte_fallback" ||
                        key == "max_input_chars_per_word" || key == "ignore_merges" ||
                        key == "dropout" || key == "end_of_word_suffix";
  if (!is_known || value.is_null()) return;
  if (key == "type") members.type = std::string(std::string_view(value.get_string()));
  if (key == "unk_id") members.unknown_id = value.get_int64();
  if (key == "unk_token") members.unknown_token = value.get_string();
  if (key == "continuing_subword_prefix") members.continuing_prefix = value.get_string();
  if (key == "byte_fallback") members.byte_fallback = value.get_bool();
  if (key == "max_input_chars_per_word") members.max_scalars = value.get_uint64();
  if (key == "ignore_merges") members.ignore_merges = value.get_bool();
  if (key == "dropout") members.has_dropout = value.get_double() != 0.0;
  if (key == "end_of_word_suffix") members.word_suffix = value.get_string();
}

// Old files do not name the type.
std::string type_of(const Members& members) {
  if (members.type) return *members.type;
  if (!members.pieces.empty()) return "Unigram";
  if (members.has_merges) return "BPE";
  return members.max_scalars ? "WordPiece" : "WordLevel";
}

ReadModel build_unigram(const Members& members) {
  if (members.pieces.empty()) throw_invalid("no pieces", kVocabulary);
  for (size_t i = 0; i < members.pieces.size(); ++i) {
    if (members.pieces[i].size() > kMaxTokenBytes) throw_too_long(entry_pointer(i));
  }
  if (!members.unknown_id) throw_unsupported("a Unigram model without unk_id", kPointer);
  if (*members.unknown_id < 0 ||
      static_cast<uint64_t>(*members.unknown_id) >= members.pieces.size()) {
    throw_invalid("an id outside the vocabulary", "/model/unk_id");
  }
  return {Alphabet::kMetaspaces,
          std::make_unique<UnigramModel>(
              UnigramVocabulary{members.pieces, members.scores,
                                static_cast<int32_t>(*members.unknown_id), members.byte_fallback})};
}

ReadModel build_wordpiece(const Members& members) {
  if (members.tokens.empty()) throw_invalid("no tokens", kVocabulary);
  if (!members.unknown_token || !members.continuing_prefix || !members.max_scalars) {
    throw_invalid("no unk_token, continuing_subword_prefix or max_input_chars_per_word", kPointer);
  }
  std::optional<int32_t> unknown_id;
  for (const auto& [token, id] : members.tokens) {
    if (token == *members.unknown_token) unknown_id = id;
    if (token.size() > kMaxTokenBytes) throw_too_long(token_pointer(token));
  }
  if (!unknown_id) throw_invalid("a token outside the vocabulary", "/model/unk_token");
  return {Alphabet::kText, std::make_unique<WordPieceModel>(WordPieceVocabulary{
                               members.tokens, *unknown_id, std::string(*members.continuing_prefix),
                               static_cast<size_t>(*members.max_scalars)})};
}

ReadModel build_bpe(const Members& members) {
  if (members.tokens.empty()) throw_invalid("no tokens", kVocabulary);
  const auto is_set = [](const auto& text) { return text && !text->empty(); };
  if (members.has_dropout || is_set(members.continuing_prefix) || is_set(members.word_suffix)) {
    throw_unsupported("BPE with dropout, a prefix or a suffix", kPointer);
  }
  return {Alphabet::kBytes, build_bpe_model(members.tokens, members.merges, members.ignore_merges)};
}

}  // namespace

ReadModel read_model(ondemand::value section) {
  Members members;
  for (auto field : section.get_object()) {
    const std::string_view key = field.unescaped_key();
    read_member(key, field.value(), members);
  }
  const std::string type = type_of(members);
  if (type == "Unigram") return build_unigram(members);
  if (type == "WordPiece") return build_wordpiece(members);
  if (type == "BPE") return build_bpe(members);
  throw_unsupported("the model \"" + type + "\"", kPointer);
}

}  // namespace bge::tokenize
