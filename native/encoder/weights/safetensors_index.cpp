#include <simdjson.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <string>

#include "base/error.h"
#include "encoder/weights/weight_file.h"

// The format: {"metadata": {"total_size": bytes}, "weight_map": {"<tensor>": "<file>", ...}}, the
// files beside the index.
namespace bge::encoder {
namespace {

[[noreturn]] void invalid(const std::string& path, const std::string& what) {
  throw Error(ErrorCode::kModelInvalid, what + "; fetch the index and its files from one revision.",
              path);
}

// What follows the header.
uint64_t data_bytes(const MappedFile& file) {
  uint64_t header;
  std::memcpy(&header, file.data(), sizeof header);
  return file.size() - sizeof header - header;
}

}  // namespace

Tensors read_safetensors_index(const MappedFile& index, const std::string& path,
                               std::vector<MappedFile>& files) {
  simdjson::dom::parser parser;
  simdjson::dom::object root;
  simdjson::dom::object weight_map;
  if (parser.parse(index.data(), index.size()).get(root) || root["weight_map"].get(weight_map))
    invalid(path, "This is no index of safetensors files");
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::map<std::string, Tensors> by_file;
  Tensors tensors;
  for (const auto& [name, value] : weight_map) {
    std::string_view file_name;
    if (value.get(file_name) || std::filesystem::path(file_name).filename() != file_name)
      invalid(path, "The index names no file beside it for " + std::string(name));
    const auto [file, fresh] = by_file.try_emplace(std::string(file_name));
    if (fresh) {
      const std::string file_path = (folder / file_name).string();
      files.emplace_back(file_path);
      file->second = read_safetensors(files.back(), file_path);
    }
    const auto found = file->second.find(std::string(name));
    if (found == file->second.end())
      invalid(path, std::string(file_name) + " lacks " + std::string(name) +
                        ", which the index says it has");
    tensors.insert(*found);
  }
  uint64_t held = 0;
  for (const MappedFile& file : files) held += data_bytes(file);
  uint64_t total;
  if (!root["metadata"]["total_size"].get(total) && total != held)
    invalid(path, "The files hold " + std::to_string(held) +
                      " bytes of weights where the index says " + std::to_string(total));
  return tensors;
}

}  // namespace bge::encoder
