#include "tokenize/json/pre_tokenizer.h"

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "tokenize/pre_tokenizers/bert.h"
#include "tokenize/pre_tokenizers/byte_level.h"
#include "tokenize/pre_tokenizers/metaspace.h"
#include "tokenize/pre_tokenizers/splitters.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

using PreTokenizerPointer = std::unique_ptr<const PreTokenizer>;

constexpr Splitter kAtWhiteSpace{Splitter::At::kWhiteSpace, SplitBehavior::kRemoved};

// The steps of a Sequence, those of the Sequences inside it in their place.
void add_steps(const JsonNode& section, std::vector<JsonNode>& steps) {
  if (section.type() != "Sequence") {
    steps.push_back(section);
    return;
  }
  for (const JsonNode& step : section.at("pretokenizers").items()) add_steps(step, steps);
}

[[noreturn]] void refuse(const std::vector<JsonNode>& steps, const JsonNode& section) {
  std::string names;
  for (const JsonNode& step : steps) {
    names.append(names.empty() ? "" : ", ").append(step.type());
  }
  throw_unsupported("the pre-tokenizers [" + names + "] with its kind of model", section.pointer());
}

SplitBehavior read_behavior(const JsonNode& step, SplitBehavior missing) {
  const auto member = step.find("behavior");
  if (!member) return missing;
  const std::string_view name = member->string();
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  throw_unsupported("the behavior " + quoted(name), member->pointer());
}

char32_t read_scalar(const JsonNode& member) {
  const std::string_view text = member.string();
  if (text.empty() || scalar_length(text[0]) != text.size()) {
    throw_unsupported("the delimiter " + quoted(text), member.pointer());
  }
  return scalar_at(text, 0);
}

bool is_inverted(const JsonNode& step) { return step.boolean("invert", false); }

// A Split that looks at one scalar at a time; empty for another one.
std::optional<Splitter> read_split(const JsonNode& step) {
  if (is_inverted(step)) return std::nullopt;
  const SplitBehavior behavior = read_behavior(step, SplitBehavior::kIsolated);
  const JsonNode pattern = step.at("pattern");
  if (const auto regex = pattern.find("Regex")) {
    const bool at_spaces = regex->string() == "\\s+" || regex->string() == "\\s";
    if (at_spaces && behavior == SplitBehavior::kRemoved) return kAtWhiteSpace;
    return std::nullopt;
  }
  const std::string_view text = pattern.at("String").string();
  if (text.empty() || scalar_length(text[0]) != text.size()) return std::nullopt;
  return Splitter{Splitter::At::kScalar, behavior, scalar_at(text, 0)};
}

// Adds what a step does, if splitters can do it.
bool add_splitters(const JsonNode& step, Splitters& out) {
  using At = Splitter::At;
  const std::string_view type = step.type();
  if (type == "WhitespaceSplit") {
    out.push_back(kAtWhiteSpace);
  } else if (type == "BertPreTokenizer") {
    out.push_back(kAtWhiteSpace);
    out.push_back({At::kPunctuation, SplitBehavior::kIsolated});
  } else if (type == "Punctuation") {
    out.push_back({At::kPunctuation, read_behavior(step, SplitBehavior::kIsolated)});
  } else if (type == "Digits") {
    out.push_back({At::kDigit, step.boolean("individual_digits") ? SplitBehavior::kIsolated
                                                                 : SplitBehavior::kContiguous});
  } else if (type == "Whitespace") {
    out.push_back({At::kWordChange, SplitBehavior::kRemoved});
  } else if (type == "CharDelimiterSplit") {
    out.push_back({At::kScalar, SplitBehavior::kRemoved, read_scalar(step.at("delimiter"))});
  } else if (type == "Split") {
    const auto splitter = read_split(step);
    if (splitter) out.push_back(*splitter);
    return splitter.has_value();
  } else {
    return false;
  }
  return true;
}

PrependScheme read_prepend_scheme(const JsonNode& section) {
  if (!section.boolean("add_prefix_space", true)) return PrependScheme::kNever;
  const auto member = section.find("prepend_scheme");
  if (!member || member->string() == "always") return PrependScheme::kAlways;
  if (member->string() == "first") return PrependScheme::kFirst;
  if (member->string() == "never") return PrependScheme::kNever;
  throw_unsupported("the scheme " + quoted(member->string()), member->pointer());
}

PreTokenizerPointer read_metaspace(const JsonNode& step, Splitters splitters) {
  const JsonNode replacement = step.at("replacement");
  if (replacement.string() != kMetaspace) {
    throw_unsupported("the replacement " + quoted(replacement.string()), replacement.pointer());
  }
  const PrependScheme scheme = read_prepend_scheme(step);
  if (!splitters.empty() && scheme == PrependScheme::kFirst) {
    // The reference looks at the offset in the text before normalizing, which we do not keep.
    throw_unsupported("the scheme \"first\" after another pre-tokenizer", step.pointer());
  }
  return std::make_unique<MetaspacePreTokenizer>(scheme, step.boolean("split", true),
                                                 std::move(splitters));
}

// The expression of a Split before ByteLevel.
WordPattern read_word_pattern(const JsonNode& step) {
  const JsonNode pattern = step.at("pattern");
  const auto regex = pattern.find("Regex");
  const auto known = regex ? word_pattern_of(regex->string()) : std::nullopt;
  if (!known) {
    const JsonNode member = regex ? *regex : pattern.at("String");
    throw_unsupported("the pattern " + quoted(member.string()), member.pointer());
  }
  // All of a text is in some match: what becomes of the rest between matches makes no difference.
  if (is_inverted(step) ||
      read_behavior(step, SplitBehavior::kRemoved) != SplitBehavior::kIsolated) {
    throw_unsupported("a Split that does not isolate its matches", step.pointer());
  }
  return *known;
}

// `steps` are those after the splitters.
PreTokenizerPointer read_byte_level(std::span<const JsonNode> steps, Splitters splitters) {
  std::optional<WordPattern> pattern;
  if (steps.size() == 2 && steps[0].type() == "Split") pattern = read_word_pattern(steps[0]);
  if (steps.size() != (pattern ? 2u : 1u) || steps.back().type() != "ByteLevel") return nullptr;
  const JsonNode& step = steps.back();
  const bool uses_regex = step.boolean("use_regex", true);
  const bool add_prefix_space = step.boolean("add_prefix_space", true);
  if ((pattern && uses_regex) || (add_prefix_space && (pattern || !splitters.empty()))) {
    throw_unsupported("ByteLevel with a prefix or an expression of its own after another one",
                      step.pointer());
  }
  if (uses_regex) pattern = WordPattern::kGpt2;
  return std::make_unique<ByteLevelPreTokenizer>(add_prefix_space, std::move(splitters), pattern);
}

PreTokenizerPointer build(const std::vector<JsonNode>& steps, Alphabet alphabet) {
  if (alphabet == Alphabet::kText && steps.size() == 1 && steps[0].type() == "BertPreTokenizer") {
    return std::make_unique<BertPreTokenizer>();
  }
  Splitters splitters;
  size_t first = 0;
  while (first < steps.size() && add_splitters(steps[first], splitters)) ++first;
  const auto others = std::span(steps).subspan(first);
  switch (alphabet) {
    case Alphabet::kBytes: return read_byte_level(others, std::move(splitters));
    case Alphabet::kMetaspaces:
      if (others.size() != 1 || others[0].type() != "Metaspace") return nullptr;
      return read_metaspace(others[0], std::move(splitters));
    case Alphabet::kText: break;
  }
  if (!others.empty() || splitters.empty()) return nullptr;
  return std::make_unique<SplitPreTokenizer>(std::move(splitters));
}

}  // namespace

std::unique_ptr<const PreTokenizer> read_pre_tokenizer(const JsonNode& section, Alphabet alphabet) {
  if (section.is_null()) {
    if (alphabet == Alphabet::kMetaspaces) return std::make_unique<WholePreTokenizer>();
    throw_unsupported("no pre-tokenizer", section.pointer());
  }
  std::vector<JsonNode> steps;
  add_steps(section, steps);
  auto pre_tokenizer = build(steps, alphabet);
  if (!pre_tokenizer) refuse(steps, section);
  return pre_tokenizer;
}

}  // namespace bge::tokenize
