#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "encoder/config.h"

namespace bge::encoder {

// What config.json says of a model of this family.
struct FamilyInfo {
  std::string_view name;
  Family family;
  std::vector<std::string_view> model_types;
  // Those that can be ranked with: `architectures[0]`.
  std::vector<std::string_view> architectures;
};

// The model families that our own kernels run.
std::span<const FamilyInfo> families();

// The family of a `model_type`, or null.
const FamilyInfo* find_family(std::string_view model_type);

}  // namespace bge::encoder
