#include "tokenize/json/post_processor.h"

#include <string>
#include <string_view>
#include <vector>

namespace bge::tokenize {
namespace {

using Item = PairTemplate::Item;

Item read_special(const JsonNode& special, const JsonNode& section) {
  Item item{PairTemplate::Part::kSpecial, special.at("type_id").id(), {}};
  const JsonNode token = section.at("special_tokens").at(special.at("id").string());
  for (const JsonNode& id : token.at("ids").items()) item.ids.push_back(id.id());
  return item;
}

Item read_text_part(const JsonNode& sequence) {
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
                            : read_text_part(part.at("Sequence")));
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

// What the reference makes of a pair where nothing else is said.
PairTemplate plain_pair() {
  return PairTemplate({{PairTemplate::Part::kQuery, 0, {}}, {PairTemplate::Part::kPassage, 1, {}}});
}

// ByteLevel changes offsets, which we do not give: it counts for nothing beside another one.
PairTemplate read_sequence(const JsonNode& section) {
  std::vector<JsonNode> others;
  for (const JsonNode& step : section.at("processors").items()) {
    if (step.type() != "ByteLevel") others.push_back(step);
  }
  if (others.size() > 1) throw_unsupported("more than one template", section.pointer());
  return others.empty() ? plain_pair() : read_post_processor(others[0]);
}

}  // namespace

PairTemplate read_post_processor(const JsonNode& section) {
  if (section.is_null()) return plain_pair();
  const std::string_view type = section.type();
  if (type == "TemplateProcessing") return read_template(section);
  if (type == "BertProcessing") return read_fixed_template(section, false);
  if (type == "RobertaProcessing") return read_fixed_template(section, true);
  if (type == "ByteLevel") return plain_pair();
  if (type == "Sequence") return read_sequence(section);
  throw_unsupported("the post-processor " + quoted(type), section.pointer());
}

}  // namespace bge::tokenize
