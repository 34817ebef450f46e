#pragma once

#include <string_view>

namespace bge::backend {

enum class ExecutionProvider { kCpu, kCuda };

constexpr std::string_view provider_name(ExecutionProvider provider) noexcept {
  return provider == ExecutionProvider::kCuda ? "cuda" : "cpu";
}

}  // namespace bge::backend
