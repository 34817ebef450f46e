#include "tokenize/unicode/utf8.h"

#include <simdjson.h>

namespace bge::tokenize {
namespace {

// Bytes of the well-formed scalar at `position`, or 0 with the length of the maximal ill-formed
// part in `bad` (Unicode 17, section 3.9, table 3-7).
size_t well_formed_length(std::string_view text, size_t position, size_t& bad) {
  const auto byte = [&](size_t i) {
    return position + i < text.size() ? static_cast<unsigned char>(text[position + i]) : 0u;
  };
  const unsigned lead = byte(0);
  bad = 1;
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (bad = 2; bad < length; ++bad) {
    if (byte(bad) < 0x80 || byte(bad) > 0xBF) return 0;
  }
  return length;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

std::string_view repair_utf8(std::string_view text, std::string& storage) {
  if (is_valid_utf8(text)) return text;
  storage.clear();
  for (size_t position = 0; position < text.size();) {
    size_t bad = 0;
    const size_t length = well_formed_length(text, position, bad);
    if (length != 0) {
      storage.append(text, position, length);
      position += length;
    } else {
      append_scalar(storage, kReplacementCharacter);
      position += bad;
    }
  }
  return storage;
}

void append_scalar(std::string& out, char32_t scalar) {
  const auto byte = [](char32_t bits) { return static_cast<char>(bits); };
  if (scalar < 0x80) {
    out.push_back(byte(scalar));
  } else if (scalar < 0x800) {
    const char bytes[] = {byte(0xC0 | scalar >> 6), byte(0x80 | (scalar & 0x3F))};
    out.append(bytes, 2);
  } else if (scalar < 0x10000) {
    const char bytes[] = {byte(0xE0 | scalar >> 12), byte(0x80 | (scalar >> 6 & 0x3F)),
                          byte(0x80 | (scalar & 0x3F))};
    out.append(bytes, 3);
  } else {
    const char bytes[] = {byte(0xF0 | scalar >> 18), byte(0x80 | (scalar >> 12 & 0x3F)),
                          byte(0x80 | (scalar >> 6 & 0x3F)), byte(0x80 | (scalar & 0x3F))};
    out.append(bytes, 4);
  }
}

}  // namespace bge::tokenize
