// tokenizer.json files, put together from what such files have with values of the input's: each is
// refused with an Error, or loads and then encodes every text soundly. An input that starts with
// "{" is taken as the file itself.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "input.h"
#include "tokenizer_checks.h"

namespace {

using bge::fuzz::Input;
using bge::tokenize::SpecialTokens;
using bge::tokenize::Tokenizer;

class FileMaker {
 public:
  explicit FileMaker(Input& input) : input_(input) {}

  std::string file() {
    const int model = pick(3);
    return "{\"added_tokens\":" + list(4, [&] { return added_token(); }) +
           ",\"normalizer\":" + steps("normalizers", [&] { return normalizer(); }) +
           ",\"pre_tokenizer\":" + pre_tokenizer(model) + ",\"post_processor\":" + post_processor() +
           ",\"model\":" + (model == 0 ? unigram() : model == 1 ? wordpiece() : bpe()) + "}";
  }

 private:
  int pick(int count) { return static_cast<int>(input_.pick(static_cast<size_t>(count))); }
  std::string of(std::initializer_list<const char*> choices) {
    return choices.begin()[pick(static_cast<int>(choices.size()))];
  }
  std::string boolean() { return pick(2) == 0 ? "false" : "true"; }
  std::string number() {
    switch (pick(6)) {
      case 0: return "-1.7e308";
      case 1: return of({"0", "-0.0", "1e-400", "1e309", "1e100", "-1e100", "2147483647", "-1"});
      default: return "-" + std::to_string(pick(31)) + "." +
                      std::to_string(pick(1000));
    }
  }
  // A JSON string of a few letters that the other parts have too, or of any bytes.
  std::string text() {
    if (pick(8) == 0) return escaped(input_.bytes(12));
    std::string out;
    for (int length = pick(5); length >= 0; --length) {
      out += of({"a", "b", "c", "\u2581", " ", "  ", "##", "<", ">", "\u00e9", "e\u0301", "\u0120",
                 "\u4e2d", "'", "\\n", "1", ",", "\\u0000"});
    }
    return "\"" + out + "\"";
  }
  static std::string escaped(const std::string& bytes) {
    std::string out = "\"";
    for (const char byte : bytes) {
      if (static_cast<unsigned char>(byte) < 0x20 || byte == '"' || byte == '\\') continue;
      out += byte;
    }
    return out + "\"";
  }
  template <typename Make>
  std::string list(int at_most, Make make) {
    std::string out;
    for (int count = pick(at_most + 1); count > 0; --count) {
      out += (out.empty() ? "" : ",") + make();
    }
    return "[" + out + "]";
  }
  template <typename Make>
  std::string steps(const std::string& name, Make make) {
    if (pick(4) == 0) return "null";
    return "{\"type\":\"Sequence\",\"" + name + "\":" + list(4, make) + "}";
  }
  std::string typed(const std::string& type, const std::string& members = "") {
    return "{\"type\":\"" + type + "\"" + (members.empty() ? "" : ",") + members + "}";
  }
  std::string member(const std::string& name, const std::string& value) {
    return "\"" + name + "\":" + value;
  }

  std::string added_token() {
    return "{" + member("content", text()) + "," + member("single_word", boolean()) + "," +
           member("lstrip", boolean()) + "," + member("rstrip", boolean()) + "," +
           member("normalized", boolean()) + "," + member("special", boolean()) + "}";
  }
  std::string charsmap() {
    constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string blob;
    const size_t units = static_cast<size_t>(pick(3)) * 256 + 256;
    const auto add = [&](uint32_t value) {
      for (int shift = 0; shift < 32; shift += 8) blob += static_cast<char>(value >> shift);
    };
    add(static_cast<uint32_t>(4 * units));
    for (size_t i = 0; i < units; ++i) {
      const bool used = i == 0 || pick(4) == 0;
      const auto label = static_cast<uint32_t>(i & 0xFF);
      add(used ? input_.number() >> 8 << 8 | label : 0);
    }
    blob += input_.bytes(40);
    std::string out;
    while (blob.size() % 3 != 0) blob += '\0';
    for (size_t i = 0; i < blob.size(); i += 3) {
      uint32_t bits = 0;
      for (size_t k = 0; k < 3; ++k) bits = bits << 8 | static_cast<unsigned char>(blob[i + k]);
      for (int shift = 18; shift >= 0; shift -= 6) out += kDigits[bits >> shift & 63];
    }
    return "\"" + out + "\"";
  }
  std::string normalizer() {
    switch (pick(9)) {
      case 0: return typed("Precompiled", member("precompiled_charsmap", charsmap()));
      case 1:
        return typed("Replace", member("pattern", "{\"String\":" + text() + "}") + "," +
                                    member("content", text()));
      case 2:
        return typed("Replace",
                     member("pattern", "{\"Regex\":" + of({"\" {2,}\"", "\"\\\\s{2,}|[\\\\n]\"",
                                                           "\"a+|[bc]{2}\"", "\"[\""}) +
                                           "}") +
                         "," + member("content", text()));
      case 3:
        return typed("BertNormalizer",
                     member("clean_text", boolean()) + "," +
                         member("handle_chinese_chars", boolean()) + "," +
                         member("strip_accents", boolean()) + "," + member("lowercase", boolean()));
      case 4: return typed("Prepend", member("prepend", text()));
      case 5:
        return typed("Strip",
                     member("strip_left", boolean()) + "," + member("strip_right", boolean()));
      default: return typed(of({"NFC", "Lowercase", "Nmt", "Unknown"}));
    }
  }
  std::string splitter() {
    const std::string behavior =
        member("behavior", of({"\"Removed\"", "\"Isolated\"", "\"Contiguous\"",
                               "\"MergedWithPrevious\"", "\"MergedWithNext\""}));
    switch (pick(5)) {
      case 0: return typed("Punctuation", behavior);
      case 1: return typed("Digits", member("individual_digits", boolean()));
      case 2: return typed("Split", behavior + "," + member("pattern", "{\"String\":\"a\"}"));
      default: return typed(of({"WhitespaceSplit", "Whitespace", "BertPreTokenizer"}));
    }
  }
  std::string pre_tokenizer(int model) {
    if (pick(6) == 0) return "null";
    const std::string last =
        model == 0 ? typed("Metaspace", member("replacement", "\"\u2581\"") + "," +
                                            member("prepend_scheme",
                                                   of({"\"always\"", "\"first\"", "\"never\""})) +
                                            "," + member("split", boolean()))
        : model == 1 ? splitter()
                     : typed("ByteLevel", member("add_prefix_space", boolean()) + "," +
                                              member("use_regex", boolean()));
    if (pick(2) == 0) return last;
    std::string all = list(2, [&] { return splitter(); });
    all.pop_back();
    return "{\"type\":\"Sequence\",\"pretokenizers\":" + all + (all.size() > 1 ? "," : "") + last +
           "]}";
  }
  std::string post_processor() {
    if (pick(2) == 0) return "null";
    return typed("BertProcessing", "\"sep\":[\"a\"," + std::to_string(pick(9)) +
                                       "],\"cls\":[\"b\"," + std::to_string(pick(9)) + "]");
  }
  std::string unigram() {
    const std::string vocabulary =
        list(24, [&] { return "[" + text() + "," + number() + "]"; });
    return typed("Unigram", member("unk_id", std::to_string(pick(4))) + "," +
                                member("byte_fallback", boolean()) + "," +
                                member("vocab", vocabulary));
  }
  std::string wordpiece() {
    std::string vocabulary = list(24, [&] { return text() + ":" + std::to_string(pick(40)); });
    vocabulary.front() = '{';
    vocabulary.back() = ',';
    return typed("WordPiece", member("unk_token", "\"[U]\"") + "," +
                                  member("continuing_subword_prefix", "\"##\"") + "," +
                                  member("max_input_chars_per_word", std::to_string(pick(120))) +
                                  "," + member("vocab", vocabulary + "\"[U]\":0}"));
  }
  std::string bpe() {
    std::string vocabulary = "{";
    int id = 0;
    char32_t next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      const bool printable =
          (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xFF && byte != 0xAD);
      char name[16];
      std::snprintf(name, sizeof name, "\"\\u%04x\":",
                    printable ? static_cast<unsigned>(byte) : static_cast<unsigned>(next++));
      vocabulary += name + std::to_string(id++) + ",";
    }
    std::vector<std::string> known = {"a", "b", "c"};
    std::string merges;
    for (int count = pick(40); count > 0; --count) {
      const std::string left = known[static_cast<size_t>(pick(static_cast<int>(known.size())))];
      const std::string right = known[static_cast<size_t>(pick(static_cast<int>(known.size())))];
      if (left.size() + right.size() > 20) continue;
      known.push_back(left + right);
      vocabulary += "\"" + known.back() + "\":" + std::to_string(id++) + ",";
      const std::string merge = "\"" + left + " " + right + "\"";
      merges = pick(2) == 0 ? merges + (merges.empty() ? "" : ",") + merge
                            : merge + (merges.empty() ? "" : ",") + merges;
    }
    vocabulary.back() = '}';
    return typed("BPE", member("ignore_merges", boolean()) + "," + member("vocab", vocabulary) +
                            "," + member("merges", "[" + merges + "]"));
  }

  Input& input_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  const bool is_file = size > 0 && data[0] == '{';
  const std::string json = is_file ? input.rest() : FileMaker(input).file();
  const auto mode = size % 2 == 0 ? SpecialTokens::kParse : SpecialTokens::kText;
  std::unique_ptr<const Tokenizer> tokenizer;
  try {
    tokenizer = Tokenizer::from_json(json, mode);
  } catch (const bge::Error&) {
    return 0;
  }
  const size_t cap = 1 + input.pick(40);
  std::string text = input.bytes(200);
  for (int i = 0; i < 4; ++i) {
    bge::fuzz::check_text(*tokenizer, text, cap);
    std::string more;
    for (const char* part : {"a b  cab\n", "aaaa", "\u4e2d\u2581 e\u0301", "1,22", "abc abc"}) {
      more += part + text.substr(0, 40);
    }
    text = i == 1 ? std::string(9000, 'a') + more + std::string(3000, 'b') : more;
  }
  return 0;
}
