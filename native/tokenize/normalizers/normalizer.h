#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tokenize/normalizers/charsmap.h"

namespace bge::tokenize {

// One step of the file's "normalizer" section. Immutable, shared by all threads.
class Normalizer {
 public:
  virtual ~Normalizer() = default;

  // Appends the normalized form of `text` (valid UTF-8) to `out`.
  virtual void normalize(std::string_view text, std::string& out) const = 0;

  // True where the text may be cut between two scalars that always break (grapheme.h) and
  // normalized in parts, so long as the pair of them normalizes to what the two give alone.
  virtual bool is_local() const = 0;
};

class SequenceNormalizer final : public Normalizer {
 public:
  // None of the steps is itself a SequenceNormalizer.
  explicit SequenceNormalizer(std::vector<std::unique_ptr<const Normalizer>> steps)
      : steps_(std::move(steps)) {}
  void normalize(std::string_view text, std::string& out) const override;
  bool is_local() const override;

 private:
  std::vector<std::unique_ptr<const Normalizer>> steps_;
};

class PrecompiledNormalizer final : public Normalizer {
 public:
  explicit PrecompiledNormalizer(Charsmap map) : map_(std::move(map)) {}
  void normalize(std::string_view text, std::string& out) const override {
    map_.normalize(text, out);
  }
  bool is_local() const override { return true; }

 private:
  Charsmap map_;
};

// Replace with the pattern " {2,}": every run of two or more U+0020 becomes `content`.
class SpaceRunNormalizer final : public Normalizer {
 public:
  explicit SpaceRunNormalizer(std::string content) : content_(std::move(content)) {}
  void normalize(std::string_view text, std::string& out) const override;
  bool is_local() const override { return true; }

 private:
  std::string content_;
};

// Replace with a literal pattern, which is not empty.
class LiteralNormalizer final : public Normalizer {
 public:
  LiteralNormalizer(std::string pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  void normalize(std::string_view text, std::string& out) const override;
  bool is_local() const override { return false; }

 private:
  std::string pattern_;
  std::string content_;
};

// Takes White_Space off the ends asked for.
class StripNormalizer final : public Normalizer {
 public:
  StripNormalizer(bool left, bool right) : left_(left), right_(right) {}
  void normalize(std::string_view text, std::string& out) const override;
  bool is_local() const override { return false; }

 private:
  bool left_;
  bool right_;
};

}  // namespace bge::tokenize
