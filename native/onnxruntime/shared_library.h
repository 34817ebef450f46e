#pragma once

#include <string>

namespace bge::onnxruntime {

// Opens a shared library by absolute path and never closes it. With glibc, other libraries of the
// same SONAME can be loaded beside it, whoever comes first. Null, with the platform's message in
// `error`, when it cannot be opened.
void* open_library(const std::string& path, std::string& error);

// The address of an exported symbol, or null.
void* find_symbol(void* library, const char* name);

}  // namespace bge::onnxruntime
