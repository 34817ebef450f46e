#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tokenize/normalizers/normalizer.h"

namespace bge::tokenize {

// Replace with the pattern " {2,}": every run of two or more U+0020 becomes `content`.
class SpaceRunNormalizer final : public Normalizer {
 public:
  explicit SpaceRunNormalizer(std::string content) : content_(std::move(content)) {}
  void normalize(std::string_view text, SegmentEnds ends, std::string& out) const override;
  bool may_cut(char32_t left, char32_t right) const override { return left != ' ' || right != ' '; }
  size_t growth() const override { return std::max(size_t{1}, (content_.size() + 1) / 2); }

 private:
  std::string content_;
};

// Replace with a literal pattern, which is not empty.
class LiteralNormalizer final : public Normalizer {
 public:
  LiteralNormalizer(std::string pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void normalize(std::string_view text, SegmentEnds ends, std::string& out) const override;
  bool may_cut(char32_t left, char32_t right) const override;
  size_t growth() const override {
    return std::max(size_t{1}, (content_.size() + pattern_.size() - 1) / pattern_.size());
  }

 private:
  std::string pattern_;
  std::string content_;
};

// The regular expressions that files have in Replace: alternatives, each a run of scalars of one
// class, such as `\s{2,}|[\n\r\t]`. A class is a character, `\s`, an escaped one or a list in
// brackets; how long a run is, is told by `+`, `{m,}`, `{m}` or nothing, which is one.
class RunPattern {
 public:
  // Empty where `regex` has anything else in it.
  static std::optional<RunPattern> parse(std::string_view regex);

  // Bytes of the match that starts at `position`; 0 for none.
  size_t match(std::string_view text, size_t position) const;

  // Whether one match may have these two side by side.
  bool joins(char32_t left, char32_t right) const;

 private:
  struct Run {
    bool white_space = false;   // \s
    std::u32string characters;  // besides
    size_t at_least = 1;
    bool at_most_that = true;

    bool has(char32_t scalar) const;
  };
  class Parser;

  std::vector<Run> runs_;
};

// Replace with a RunPattern.
class RunNormalizer final : public Normalizer {
 public:
  RunNormalizer(RunPattern pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void normalize(std::string_view text, SegmentEnds ends, std::string& out) const override;
  bool may_cut(char32_t left, char32_t right) const override {
    return !pattern_.joins(left, right);
  }
  size_t growth() const override { return std::max(size_t{1}, content_.size()); }

 private:
  RunPattern pattern_;
  std::string content_;
};

}  // namespace bge::tokenize
