#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bge::tokenize {

// Decodes base64 (RFC 4648, padded). Empty where the text is malformed.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace bge::tokenize
