#pragma once

#include <string>
#include <vector>

namespace bge::engine {

// Models that our own kernels run, by what their config.json says.
struct FamilyNames {
  std::string name;
  std::vector<std::string> model_types;
  std::vector<std::string> architectures;
  // With the modules of a Sentence Transformers repository behind them.
  std::vector<std::string> bare_architectures;
  // Of code in the model's own repository, the classes of configuration.
  std::vector<std::string> code_classes;
};

// What this build and this processor can do.
struct Capabilities {
  // Of our own kernels, as BGE_RERANKER_ISA spells it; empty where that variable names none that
  // can run here, as the load of a model will say.
  std::string instruction_set;
  // All that this processor has, slowest first.
  std::vector<std::string> instruction_sets;
  // Whether our own kernels run fp32 at least as fast as ONNX Runtime does: everywhere but in plain
  // C++.
  bool has_fast_fp32 = false;
  // Whether this processor multiplies bf16; without that, bf16 is slower than fp32.
  bool has_fast_bf16 = false;
  // What our own kernels compute with.
  std::vector<std::string> dtypes;
  std::vector<FamilyNames> families;
};

// The first call in a process asks the system for the tile registers (AMX).
Capabilities capabilities();

}  // namespace bge::engine
