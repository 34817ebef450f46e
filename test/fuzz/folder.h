#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace bge::fuzz {

// A folder for one process, in memory where the system has a place for that.
class Folder {
 public:
  Folder() {
    const std::filesystem::path shared = "/dev/shm";
    const auto parent =
        std::filesystem::exists(shared) ? shared : std::filesystem::temp_directory_path();
    std::string name = (parent / "bge-fuzz-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string write(const std::string& name, const std::string& bytes) const {
    const std::string path = path_ / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace bge::fuzz
