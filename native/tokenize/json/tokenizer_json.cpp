// One pass over the file for the model, then the small sections.
#include "tokenize/json/tokenizer_json.h"

#include <simdjson.h>

#include <array>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "tokenize/json/added_tokens.h"
#include "tokenize/json/model.h"
#include "tokenize/json/node.h"
#include "tokenize/json/normalizer.h"
#include "tokenize/json/post_processor.h"
#include "tokenize/json/pre_tokenizer.h"
#include "tokenize/tokenizer.h"

namespace bge::tokenize {
namespace {

namespace ondemand = simdjson::ondemand;

// A small section, parsed as a tree. Missing is the same as null.
class Section {
 public:
  explicit Section(const char* pointer) : pointer_(pointer) {}

  std::string_view name() const { return std::string_view(pointer_).substr(1); }
  void set(std::string_view json) { json_ = simdjson::padded_string(json); }
  JsonNode parse() {
    simdjson::dom::element root = parser_.parse(json_);
    return {root, pointer_};
  }

 private:
  const char* pointer_;
  simdjson::padded_string json_{std::string_view("null")};
  simdjson::dom::parser parser_;
};

struct Sections {
  Section added_tokens{"/added_tokens"};
  Section normalizer{"/normalizer"};
  Section pre_tokenizer{"/pre_tokenizer"};
  Section post_processor{"/post_processor"};
  Section truncation{"/truncation"};

  void set(std::string_view name, ondemand::value value) {
    for (Section* section :
         {&added_tokens, &normalizer, &pre_tokenizer, &post_processor, &truncation}) {
      if (section->name() == name) section->set(value.raw_json());
    }
  }
};

std::optional<size_t> read_max_length(const JsonNode& section) {
  if (section.is_null()) return std::nullopt;
  if (const auto direction = section.find("direction");
      direction && direction->string() != "Right") {
    throw_unsupported("truncation from the left", direction->pointer());
  }
  return static_cast<size_t>(section.at("max_length").id());
}

TokenizerParts assemble(ReadModel model, Sections& sections, SpecialTokens special_tokens) {
  auto pre_tokenizer = read_pre_tokenizer(sections.pre_tokenizer.parse(), model.alphabet);
  auto normalizer = read_normalizer(sections.normalizer.parse());
  auto added =
      read_added_tokens(sections.added_tokens.parse(), *model.model, *normalizer, special_tokens);
  model.model->leave_out(added.left_out);
  auto pair_template = read_post_processor(sections.post_processor.parse());
  if (static_cast<size_t>(pair_template.highest_id()) >= added.id_bound) {
    throw_invalid("an id of no token", "/post_processor");
  }
  return {AddedTokens(std::move(added.raw)),
          std::move(normalizer),
          AddedTokens(std::move(added.normalized)),
          std::move(pre_tokenizer),
          std::move(model.model),
          std::move(pair_template),
          read_max_length(sections.truncation.parse()),
          added.id_bound};
}

TokenizerParts read_parts(const simdjson::padded_string& json, SpecialTokens special_tokens) {
  ondemand::parser parser;
  ondemand::document document = parser.iterate(json);
  Sections sections;
  std::optional<ReadModel> model;
  for (auto field : document.get_object()) {
    const std::string_view name = field.unescaped_key();
    ondemand::value value = field.value();
    if (name == "model") {
      model = read_model(value);
    } else {
      sections.set(name, value);
    }
  }
  if (!document.at_end()) throw_invalid("more than one JSON value", "");
  if (!model) throw_invalid("no \"model\"", "");
  return assemble(std::move(*model), sections, special_tokens);
}

TokenizerParts read_sound_parts(const simdjson::padded_string& json, SpecialTokens special_tokens) {
  try {
    return read_parts(json, special_tokens);
  } catch (const simdjson::simdjson_error& error) {
    throw_invalid(error.what(), "");
  } catch (const std::length_error& error) {
    throw_unsupported("a vocabulary that is too large", "/model/vocab");
  }
}

}  // namespace

TokenizerParts read_tokenizer_json(const std::string& json, SpecialTokens special_tokens) {
  return read_sound_parts(simdjson::padded_string(json), special_tokens);
}

std::unique_ptr<const Tokenizer> Tokenizer::from_file(const std::string& path,
                                                      SpecialTokens special_tokens) {
  simdjson::padded_string json;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored) ||
      simdjson::padded_string::load(path).get(json) != simdjson::SUCCESS) {
    throw Error(ErrorCode::kModelNotFound,
                "There is no readable tokenizer file at \"" + path + "\": check the model folder.",
                path);
  }
  return std::make_unique<const Tokenizer>(read_sound_parts(json, special_tokens));
}

std::unique_ptr<const Tokenizer> Tokenizer::from_json(const std::string& json,
                                                      SpecialTokens special_tokens) {
  return std::make_unique<const Tokenizer>(read_tokenizer_json(json, special_tokens));
}

}  // namespace bge::tokenize
