#include "tokenize/json/normalizer.h"

#include <vector>

#include "tokenize/json/base64.h"
#include "tokenize/normalizers/bert.h"
#include "tokenize/normalizers/nfc.h"
#include "tokenize/normalizers/precompiled.h"
#include "tokenize/normalizers/replace.h"
#include "tokenize/normalizers/scalars.h"
#include "tokenize/normalizers/sequence.h"
#include "tokenize/normalizers/strip.h"

namespace bge::tokenize {
namespace {

// Text is normalized a few thousand bytes at a time, which must not become gigabytes.
constexpr size_t kLargestGrowth = 4096;

using NormalizerPointer = std::unique_ptr<const Normalizer>;

NormalizerPointer read_step(const JsonNode& section);

// Adds the steps of a Sequence, those of the Sequences inside it in their place.
void add_steps(const JsonNode& section, std::vector<NormalizerPointer>& steps) {
  for (const JsonNode& step : section.at("normalizers").items()) {
    if (!step.is_null() && step.type() == "Sequence") {
      add_steps(step, steps);
    } else {
      steps.push_back(read_step(step));
    }
  }
}

NormalizerPointer read_precompiled(const JsonNode& section) {
  const JsonNode member = section.at("precompiled_charsmap");
  const auto blob = decode_base64(member.string());
  auto normalizer = blob ? PrecompiledNormalizer::parse(*blob) : nullptr;
  if (!normalizer) throw_invalid("a malformed charsmap", member.pointer());
  return normalizer;
}

NormalizerPointer read_replace(const JsonNode& section) {
  const JsonNode pattern = section.at("pattern");
  std::string content(section.at("content").string());
  if (const auto regex = pattern.find("Regex")) {
    if (regex->string() == " {2,}") return std::make_unique<SpaceRunNormalizer>(std::move(content));
    auto runs = RunPattern::parse(regex->string());
    if (!runs) throw_unsupported("the pattern " + quoted(regex->string()), regex->pointer());
    return std::make_unique<RunNormalizer>(std::move(*runs), std::move(content));
  }
  const JsonNode literal = pattern.at("String");
  if (literal.string().empty()) throw_unsupported("an empty pattern", literal.pointer());
  return std::make_unique<LiteralNormalizer>(std::string(literal.string()), std::move(content));
}

NormalizerPointer read_bert(const JsonNode& section) {
  BertNormalizerOptions options;
  options.clean_text = section.boolean("clean_text");
  options.handle_chinese_chars = section.boolean("handle_chinese_chars");
  options.lowercase = section.boolean("lowercase");
  options.strip_accents = section.boolean("strip_accents", options.lowercase);
  return std::make_unique<BertNormalizer>(options);
}

NormalizerPointer read_step(const JsonNode& section) {
  const std::string_view type = section.type();
  if (type == "Precompiled") return read_precompiled(section);
  if (type == "Replace") return read_replace(section);
  if (type == "NFC") return std::make_unique<NfcNormalizer>();
  if (type == "Lowercase") return std::make_unique<LowercaseNormalizer>();
  if (type == "Nmt") return std::make_unique<NmtNormalizer>();
  if (type == "BertNormalizer") return read_bert(section);
  if (type == "Prepend") {
    return std::make_unique<PrependNormalizer>(std::string(section.at("prepend").string()));
  }
  if (type == "Strip") {
    return std::make_unique<StripNormalizer>(section.boolean("strip_left"),
                                             section.boolean("strip_right"));
  }
  throw_unsupported("the normalizer " + quoted(type), section.pointer());
}

}  // namespace

std::unique_ptr<const Normalizer> read_normalizer(const JsonNode& section) {
  std::vector<NormalizerPointer> steps;
  if (section.is_null()) return std::make_unique<SequenceNormalizer>(std::move(steps));
  if (section.type() != "Sequence") {
    auto only = read_step(section);
    if (only->growth() <= kLargestGrowth) return only;
  } else {
    add_steps(section, steps);
    auto sequence = std::make_unique<SequenceNormalizer>(std::move(steps));
    if (sequence->growth() <= kLargestGrowth) return sequence;
  }
  throw_unsupported(
      "normalizers that make a text more than " + std::to_string(kLargestGrowth) + " times as long",
      section.pointer());
}

}  // namespace bge::tokenize
