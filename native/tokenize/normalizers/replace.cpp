#include "tokenize/normalizers/replace.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "tokenize/unicode/properties.h"
#include "tokenize/unicode/utf8.h"

namespace bge::tokenize {
namespace {

// Start of the first two U+0020 in a row from `position` on; npos where there are none.
size_t find_two_spaces(std::string_view text, size_t position) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;
  for (; position + 9 <= text.size(); position += 8) {
    uint64_t here, next;
    std::memcpy(&here, text.data() + position, 8);
    std::memcpy(&next, text.data() + position + 1, 8);
    const uint64_t differs = (here ^ kOnes * ' ') | (next ^ kOnes * ' ');
    if ((differs - kOnes) & ~differs & kHigh) break;  // some byte is 0
  }
  return text.find("  ", position);
}

}  // namespace

void SpaceRunNormalizer::normalize(std::string_view text, SegmentEnds, std::string& out) const {
  for (size_t position = 0;;) {
    const size_t run = find_two_spaces(text, position);
    if (run == std::string_view::npos) {
      out.append(text, position);
      return;
    }
    out.append(text, position, run - position);
    out.append(content_);
    position = std::min(text.find_first_not_of(' ', run), text.size());
  }
}

void LiteralNormalizer::normalize(std::string_view text, SegmentEnds, std::string& out) const {
  for (size_t position = 0;;) {
    const size_t match = text.find(pattern_, position);
    if (match == std::string_view::npos) {
      out.append(text, position);
      return;
    }
    out.append(text, position, match - position);
    out.append(content_);
    position = match + pattern_.size();
  }
}

bool LiteralNormalizer::may_cut(char32_t left, char32_t right) const {
  std::string across;
  append_scalar(across, left);
  append_scalar(across, right);
  return pattern_.find(across) == std::string::npos;
}

// One pass over the expression; each function takes what it knows from the front of rest_.
class RunPattern::Parser {
 public:
  explicit Parser(std::string_view regex) : rest_(regex) {}

  std::optional<std::vector<Run>> parse() {
    std::vector<Run> runs;
    do {
      Run run;
      if (!take_class(run) || !take_length(run)) return std::nullopt;
      runs.push_back(std::move(run));
    } while (take('|'));
    return rest_.empty() ? std::optional(std::move(runs)) : std::nullopt;
  }

 private:
  bool take(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool take_class(Run& run) {
    if (!take('[')) return take_character(run, "\\[]{}()*+?.^$|");
    do {
      if (!take_character(run, "\\[]^-&")) return false;
    } while (!take(']'));
    return true;
  }

  // One character that is not among the `special` ones, or an escape.
  bool take_character(Run& run, std::string_view special) {
    if (take('\\')) return take_escape(run);
    if (rest_.empty() || special.find(rest_[0]) != special.npos) return false;
    run.characters.push_back(scalar_at(rest_, 0));
    rest_.remove_prefix(scalar_length(rest_[0]));
    return true;
  }

  bool take_escape(Run& run) {
    constexpr std::string_view kLetters = "nrtfv", kCharacters = "\n\r\t\f\v";
    if (rest_.empty()) return false;
    const char letter = rest_[0];
    rest_.remove_prefix(1);
    if (letter == 's') return run.white_space = true;
    const size_t known = kLetters.find(letter);
    const bool is_alphanumeric = (letter | 0x20) >= 'a' && (letter | 0x20) <= 'z';
    if (known != kLetters.npos) {
      run.characters.push_back(static_cast<char32_t>(kCharacters[known]));
    } else if (letter > 0x20 && letter < 0x7F && !is_alphanumeric &&
               !(letter >= '0' && letter <= '9')) {
      run.characters.push_back(static_cast<char32_t>(letter));
    } else {
      return false;
    }
    return true;
  }

  bool take_length(Run& run) {
    if (take('+')) {
      run.at_most_that = false;
      return no_more_quantifiers();
    }
    if (!take('{')) return no_more_quantifiers();
    size_t digits = 0;
    run.at_least = 0;
    for (; digits < 3 && !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; ++digits) {
      run.at_least = run.at_least * 10 + static_cast<size_t>(rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    run.at_most_that = !take(',');
    return run.at_least > 0 && take('}') && no_more_quantifiers();
  }

  // "+?" is lazy and "++" possessive: other matches.
  bool no_more_quantifiers() const { return rest_.empty() || rest_[0] == '|'; }

  std::string_view rest_;
};

std::optional<RunPattern> RunPattern::parse(std::string_view regex) {
  auto runs = Parser(regex).parse();
  if (!runs) return std::nullopt;
  RunPattern out;
  out.runs_ = std::move(*runs);
  return out;
}

bool RunPattern::Run::has(char32_t scalar) const {
  return (white_space && is_white_space(scalar)) || characters.find(scalar) != characters.npos;
}

size_t RunPattern::match(std::string_view text, size_t position) const {
  for (const Run& run : runs_) {
    size_t count = 0, end = position;
    while (end < text.size() && !(run.at_most_that && count == run.at_least) &&
           run.has(scalar_at(text, end))) {
      end += scalar_length(text[end]);
      ++count;
    }
    if (count >= run.at_least) return end - position;
  }
  return 0;
}

bool RunPattern::joins(char32_t left, char32_t right) const {
  return std::any_of(runs_.begin(), runs_.end(),
                     [&](const Run& run) { return run.has(left) && run.has(right); });
}

void RunNormalizer::normalize(std::string_view text, SegmentEnds, std::string& out) const {
  size_t kept = 0;
  for (size_t position = 0; position < text.size();) {
    const size_t length = pattern_.match(text, position);
    if (length == 0) {
      position += scalar_length(text[position]);
      continue;
    }
    out.append(text, kept, position - kept);
    out.append(content_);
    kept = position += length;
  }
  out.append(text, kept);
}

}  // namespace bge::tokenize
