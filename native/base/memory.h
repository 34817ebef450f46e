#pragma once

namespace bge {

// Hands freed heap pages back to the operating system, where the allocator would keep them.
void give_memory_back() noexcept;

}  // namespace bge
