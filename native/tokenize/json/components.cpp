#include "tokenize/json/components.h"

#include "tokenize/json/base64.h"
#include "tokenize/normalizers/bert_normalizer.h"
#include "tokenize/normalizers/nfc_normalizer.h"
#include "tokenize/pre_tokenizers/byte_level.h"

namespace bge::tokenize {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  return out.append(text).append("\"");
}

using NormalizerPointer = std::unique_ptr<const Normalizer>;

// Adds the steps of a Sequence, those of the Sequences inside it in their place.
void add_steps(const JsonNode& section, std::vector<NormalizerPointer>& steps) {
  for (const JsonNode& step : section.at("normalizers").items()) {
    if (!step.is_null() && step.type() == "Sequence") {
      add_steps(step, steps);
    } else {
      steps.push_back(read_normalizer(step));
    }
  }
}

NormalizerPointer read_sequence(const JsonNode& section) {
  std::vector<NormalizerPointer> steps;
  add_steps(section, steps);
  return std::make_unique<SequenceNormalizer>(std::move(steps));
}

NormalizerPointer read_precompiled(const JsonNode& section) {
  const JsonNode member = section.at("precompiled_charsmap");
  const auto blob = decode_base64(member.string());
  auto map = blob ? Charsmap::parse(*blob) : std::nullopt;
  if (!map) throw_invalid("a malformed charsmap", member.pointer());
  return std::make_unique<PrecompiledNormalizer>(std::move(*map));
}

NormalizerPointer read_replace(const JsonNode& section) {
  const JsonNode pattern = section.at("pattern");
  std::string content(section.at("content").string());
  if (const auto regex = pattern.find("Regex")) {
    if (regex->string() != " {2,}") {
      throw_unsupported("the pattern " + quoted(regex->string()), regex->pointer());
    }
    return std::make_unique<SpaceRunNormalizer>(std::move(content));
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

PrependScheme read_prepend_scheme(const JsonNode& section) {
  if (!section.boolean("add_prefix_space", true)) return PrependScheme::kNever;
  const auto member = section.find("prepend_scheme");
  if (!member || member->string() == "always") return PrependScheme::kAlways;
  if (member->string() == "first") return PrependScheme::kFirst;
  if (member->string() == "never") return PrependScheme::kNever;
  throw_unsupported("the scheme " + quoted(member->string()), member->pointer());
}

ReadPreTokenizer read_metaspace(const JsonNode& section, bool split_on_white_space) {
  const JsonNode replacement = section.at("replacement");
  if (replacement.string() != kMetaspace) {
    throw_unsupported("the replacement " + quoted(replacement.string()), replacement.pointer());
  }
  const PrependScheme scheme = read_prepend_scheme(section);
  if (split_on_white_space && scheme == PrependScheme::kFirst) {
    // The reference looks at the offset in the text before normalizing, which we do not keep.
    throw_unsupported("the scheme \"first\" after WhitespaceSplit", section.pointer());
  }
  const bool split = section.boolean("split", true);
  return {PreTokenizerKind::kMetaspaced,
          std::make_unique<MetaspacePreTokenizer>(scheme, split, split_on_white_space)};
}

ReadPreTokenizer read_byte_level(const JsonNode& section) {
  if (!section.boolean("use_regex", true)) {
    throw_unsupported("ByteLevel without its expression", section.pointer());
  }
  const bool add_prefix_space = section.boolean("add_prefix_space", true);
  return {PreTokenizerKind::kBytes, std::make_unique<ByteLevelPreTokenizer>(add_prefix_space)};
}

using Item = PairTemplate::Item;

Item read_special(const JsonNode& special, const JsonNode& section) {
  Item item{PairTemplate::Part::kSpecial, special.at("type_id").id(), {}};
  const JsonNode token = section.at("special_tokens").at(special.at("id").string());
  for (const JsonNode& id : token.at("ids").items()) item.ids.push_back(id.id());
  return item;
}

Item read_sequence_part(const JsonNode& sequence) {
  const std::string_view id = sequence.at("id").string();
  if (id != "A" && id != "B") throw_invalid("no \"A\" or \"B\"", sequence.pointer() + "/id");
  return {id == "A" ? PairTemplate::Part::kQuery : PairTemplate::Part::kPassage,
          sequence.at("type_id").id(),
          {}};
}

PairTemplate read_template(const JsonNode& section) {
  const JsonNode pair = section.at("pair");
  std::vector<Item> items;
  int queries = 0, passages = 0;
  for (const JsonNode& part : pair.items()) {
    const auto special = part.find("SpecialToken");
    items.push_back(special ? read_special(*special, section)
                            : read_sequence_part(part.at("Sequence")));
    queries += items.back().part == PairTemplate::Part::kQuery;
    passages += items.back().part == PairTemplate::Part::kPassage;
  }
  if (queries != 1 || passages != 1) {
    throw_unsupported("a template without exactly one A and one B", pair.pointer());
  }
  return PairTemplate(std::move(items));
}

// A ["[SEP]", 102] of BertProcessing and RobertaProcessing.
int32_t read_token_id(const JsonNode& token) {
  const auto columns = token.items();
  if (columns.size() != 2) throw_invalid("no token and id", token.pointer());
  return columns[1].id();
}

PairTemplate read_fixed_template(const JsonNode& section, bool roberta) {
  using enum PairTemplate::Part;
  const int32_t cls = read_token_id(section.at("cls"));
  const int32_t sep = read_token_id(section.at("sep"));
  if (roberta) {
    return PairTemplate({{kSpecial, 0, {cls}},
                         {kQuery, 0, {}},
                         {kSpecial, 0, {sep, sep}},
                         {kPassage, 0, {}},
                         {kSpecial, 0, {sep}}});
  }
  return PairTemplate({{kSpecial, 0, {cls}},
                       {kQuery, 0, {}},
                       {kSpecial, 0, {sep}},
                       {kPassage, 1, {}},
                       {kSpecial, 1, {sep}}});
}

}  // namespace

std::unique_ptr<const Normalizer> read_normalizer(const JsonNode& section) {
  if (section.is_null()) {
    return std::make_unique<SequenceNormalizer>(std::vector<NormalizerPointer>());
  }
  const std::string_view type = section.type();
  if (type == "Sequence") return read_sequence(section);
  if (type == "Precompiled") return read_precompiled(section);
  if (type == "Replace") return read_replace(section);
  if (type == "NFC") return std::make_unique<NfcNormalizer>();
  if (type == "BertNormalizer") return read_bert(section);
  if (type == "Strip") {
    return std::make_unique<StripNormalizer>(section.boolean("strip_left"),
                                             section.boolean("strip_right"));
  }
  throw_unsupported("the normalizer " + quoted(type), section.pointer());
}

ReadPreTokenizer read_pre_tokenizer(const JsonNode& section) {
  if (section.is_null()) throw_unsupported("no pre-tokenizer", section.pointer());
  const std::string_view type = section.type();
  if (type == "Metaspace") return read_metaspace(section, false);
  if (type == "BertPreTokenizer") {
    return {PreTokenizerKind::kWords, std::make_unique<BertPreTokenizer>()};
  }
  if (type == "ByteLevel") return read_byte_level(section);
  if (type != "Sequence") throw_unsupported("the pre-tokenizer " + quoted(type), section.pointer());
  const auto steps = section.at("pretokenizers").items();
  if (steps.size() == 1) return read_pre_tokenizer(steps[0]);
  if (steps.size() == 2 && steps[0].type() == "WhitespaceSplit" && steps[1].type() == "Metaspace") {
    return read_metaspace(steps[1], true);
  }
  std::string names;
  for (const JsonNode& step : steps)
    names += (names.empty() ? "" : ", ") + std::string(step.type());
  throw_unsupported("the pre-tokenizers [" + names + "]", section.pointer());
}

PairTemplate read_post_processor(const JsonNode& section) {
  if (section.is_null()) throw_unsupported("no post-processor", section.pointer());
  const std::string_view type = section.type();
  if (type == "TemplateProcessing") return read_template(section);
  if (type == "BertProcessing") return read_fixed_template(section, false);
  if (type == "RobertaProcessing") return read_fixed_template(section, true);
  throw_unsupported("the post-processor " + quoted(type), section.pointer());
}

}  // namespace bge::tokenize
