#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "base/error.h"
#include "encoder/weights/float_view.h"
#include "encoder/weights/weight_cache.h"
#include "encoder/weights/weight_file.h"
#include "encoder_fixture.h"
#include "onnx_fixture.h"

namespace bge::encoder {
namespace {

constexpr uint64_t kLayout = 1;

class EncoderWeights : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& bytes) {
    write_file(folder_.path() / name, bytes);
    return (folder_.path() / name).string();
  }
  TemporaryFolder folder_;
};

ErrorCode code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST_F(EncoderWeights, AnIndexGathersTheTensorsOfItsFiles) {
  const TestTensors first{{"a.weight", {{2, 2}, {1, 2, 3, 4}}}};
  const TestTensors second{{"b.bias", {{3}, {5, 6, 7}}}};
  write("model-00001-of-00002.safetensors", safetensors_bytes(first));
  write("model-00002-of-00002.safetensors", safetensors_bytes(second, kBfloat16));
  const auto index = [&](const std::string& total, const std::string& file,
                         const std::string& tensor = "b.bias") {
    return write("model.safetensors.index.json",
                 "{\"metadata\": {\"total_size\": " + total +
                     "}, \"weight_map\": {\"a.weight\": \"model-00001-of-00002.safetensors\", \"" +
                     tensor + "\": \"" + file + "\"}}");
  };
  const std::string other = "model-00002-of-00002.safetensors";
  const WeightFile file(index("22", other));
  EXPECT_EQ(file.files().size(), 3u);
  EXPECT_EQ(FloatView(file.matrix("a.weight", 2, 2))[3], 4.0f);
  EXPECT_EQ(FloatView(file.vector("b.bias", 3))[1], 6.0f);

  const auto code = [&](const std::string& path) { return code_of([&] { WeightFile{path}; }); };
  EXPECT_EQ(code(index("28", other)), ErrorCode::kModelInvalid);  // of another revision
  EXPECT_EQ(code(index("22", other, "c.bias")), ErrorCode::kModelInvalid);
  EXPECT_EQ(code(index("22", "model-00003-of-00003.safetensors")), ErrorCode::kModelNotFound);
  EXPECT_EQ(code(index("22", "../" + other)), ErrorCode::kModelInvalid);
  EXPECT_EQ(code(write("model.safetensors.index.json", "[]")), ErrorCode::kModelInvalid);
}

TEST_F(EncoderWeights, AnExportersNamesAreRestoredFromTheBiases) {
  const std::string values = float_bytes({1, 2, 3, 4, 5, 6});
  const std::string bias = field(9, float_bytes({7, 8, 9}));
  const std::string trans_b = field(5, field(1, std::string("transB")) + field(3, 1));
  const std::string graph = node("MatMul", {"x", "onnx::MatMul_12"}, "product") +
                            node("Add", {"dense.bias", "product"}, "y") +
                            node("Gemm", {"y", "onnx::Gemm_3", "head.bias"}, "z", trans_b) +
                            initializer("onnx::MatMul_12", {2, 3}, field(9, values)) +
                            initializer("onnx::Gemm_3", {3, 2}, field(4, values)) +
                            initializer("dense.bias", {3}, bias) +
                            initializer("head.bias", {3}, bias);
  const WeightFile file(write("model.onnx", field(7, graph)));
  const Tensor& dense = file.matrix("dense.weight", 3, 2);
  EXPECT_TRUE(dense.transposed);
  EXPECT_EQ(FloatView(dense)[1], 2.0f);
  EXPECT_FALSE(file.matrix("head.weight", 3, 2).transposed);
  EXPECT_EQ(FloatView(file.vector("dense.bias", 3))[2], 9.0f);
}

TEST_F(EncoderWeights, ExternalDataIsReadBesideTheModelOnly) {
  write("model.onnx_data", std::string(4, '\0') + float_bytes({1.5f, 2.5f}));
  const auto external = [](const std::string& location) {
    return field(13, field(1, std::string("location")) + field(2, location)) +
           field(13, field(1, std::string("offset")) + field(2, std::string("4"))) + field(14, 1);
  };
  const auto graph = [&](const std::string& location) {
    return field(7, initializer("a.bias", {2}, external(location)));
  };
  const WeightFile file(write("model.onnx", graph("model.onnx_data")));
  EXPECT_EQ(FloatView(file.vector("a.bias", 2))[1], 2.5f);
  const std::string outside = write("outside.onnx", graph("../model.onnx_data"));
  EXPECT_EQ(code_of([&] { WeightFile{outside}; }), ErrorCode::kModelInvalid);
}

TEST_F(EncoderWeights, TheCacheIsLeftWhenExternalDataChanges) {
  const std::string data = write("model.onnx_data", float_bytes({1.5f, 2.5f}));
  const auto written = std::filesystem::last_write_time(data);
  const std::string location =
      field(13, field(1, std::string("location")) + field(2, std::string("model.onnx_data")));
  const std::string graph = initializer("a.bias", {2}, location + field(14, 1));
  const std::string path = write("model.onnx", field(7, graph));
  const std::string converted = "converted";
  const auto cache = [&] {
    return WeightCache((folder_.path() / "cache").string(), WeightFile(path), kLayout,
                       kernels::Dtype::kInt8, converted.size());
  };
  cache().write(converted.data());
  ASSERT_TRUE(cache().open());
  write("model.onnx_data", float_bytes({1.5f, 2.75f}));
  std::filesystem::last_write_time(data, written);
  EXPECT_FALSE(cache().open());
}

// An image's layer keeps the model's time in whole seconds: what a build has warmed is still its.
TEST_F(EncoderWeights, TheCacheOutlivesALayerOfAnImage) {
  using std::chrono::seconds;
  const std::string path = write("a.safetensors", safetensors_bytes({{"a.bias", {{2}, {1, 2}}}}));
  const auto cache = [&] {
    return WeightCache((folder_.path() / "cache").string(), WeightFile(path), kLayout,
                       kernels::Dtype::kInt8, 7);
  };
  const auto whole = std::chrono::floor<seconds>(std::filesystem::last_write_time(path));
  std::filesystem::last_write_time(path, whole + std::chrono::milliseconds(437));
  EXPECT_EQ(cache().write("weights"), "");
  std::filesystem::last_write_time(path, whole);
  EXPECT_TRUE(cache().open());
  std::filesystem::last_write_time(path, whole - seconds(1));
  EXPECT_FALSE(cache().open());
}

TEST_F(EncoderWeights, AFolderThatCannotBeWrittenIsToldAndNoError) {
  const std::string path = write("a.safetensors", safetensors_bytes({{"a.bias", {{2}, {1, 2}}}}));
  // A file in the folder's place: so root cannot write there either.
  const std::string taken = write("taken", "");
  const WeightCache cache(taken + "/weights", WeightFile(path), kLayout, kernels::Dtype::kInt8, 7);
  EXPECT_NE(cache.write("weights"), "");
  EXPECT_FALSE(cache.open());
}

TEST_F(EncoderWeights, EveryElementTypeIsReadAsItsValues) {
  const std::vector<float> values = {1.5f, -0.25f, 0.0f, 1024.0f, -3.0f, 0x1p-20f};
  for (const TestElement& element : {kFloat32, kFloat16, kBfloat16}) {
    const std::string bytes = safetensors_bytes({{"a.bias", {{6}, values}}}, element);
    const WeightFile file(write("a.safetensors", bytes));
    const Tensor& tensor = file.vector("a.bias", 6);
    const FloatView all(tensor);
    EXPECT_EQ(std::vector(all.data(), all.data() + all.size()), values) << element.name;
    EXPECT_EQ(FloatView(tensor, 3, 2)[1], -3.0f) << element.name;
  }
}

// The bytes of a file beyond the samples differ in the name of the type alone.
TEST_F(EncoderWeights, TheCacheTellsElementTypesApart) {
  const auto file_with = [&](const char* dtype) {
    const std::string space(100'000, ' ');
    const std::string header = "{" + space + "\"a.bias\":{\"dtype\":" + dtype +
                               ",\"shape\":[2],\"data_offsets\":[0,4]}" + space + "}";
    const uint64_t size = header.size();
    return std::string(reinterpret_cast<const char*>(&size), sizeof size) + header + "data";
  };
  const std::string path = write("a.safetensors", file_with(" \"F16\""));
  const auto written = std::filesystem::last_write_time(path);
  const auto cache = [&] {
    return WeightCache((folder_.path() / "cache").string(), WeightFile(path), kLayout,
                       kernels::Dtype::kInt8, 1);
  };
  cache().write("x");
  ASSERT_TRUE(cache().open());
  write("a.safetensors", file_with("\"BF16\""));
  std::filesystem::last_write_time(path, written);
  EXPECT_FALSE(cache().open());
}

TEST_F(EncoderWeights, TheCacheFolderHoldsNoLeftovers) {
  const WeightFile file(write("a.safetensors", safetensors_bytes({{"a.bias", {{2}, {1, 2}}}})));
  const std::filesystem::path folder = folder_.path() / "cache";
  const WeightCache cache(folder.string(), file, kLayout, kernels::Dtype::kInt8, 1);
  cache.write("x");
  const auto written = std::filesystem::directory_iterator(folder)->path();
  const auto now = std::filesystem::file_time_type::clock::now();
  // Of a process that was killed long ago, and of one that may be at it.
  write_file(written.string() + ".1", "half");
  std::filesystem::last_write_time(written.string() + ".1", now - std::chrono::hours(2));
  write_file(written.string() + ".2", "half");
  cache.write("x");
  EXPECT_FALSE(std::filesystem::exists(written.string() + ".1"));
  EXPECT_TRUE(std::filesystem::exists(written.string() + ".2"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2);
}

TEST_F(EncoderWeights, DamagedFilesAreRefused) {
  const TestTensors tensors = {{"a.bias", {{2}, {1, 2}}}};
  const std::string good = safetensors_bytes(tensors);
  for (const size_t size : {size_t{1}, size_t{7}, size_t{9}, good.size() - 1}) {
    const std::string path = write("cut.safetensors", good.substr(0, size));
    EXPECT_EQ(code_of([&] { WeightFile{path}; }), ErrorCode::kModelInvalid) << size;
  }
  const std::string onnx = field(7, initializer("a.bias", {2}, field(9, float_bytes({1, 2}))));
  for (size_t size = 1; size < onnx.size(); ++size) {
    const std::string path = write("cut.onnx", onnx.substr(0, size));
    EXPECT_EQ(code_of([&] { WeightFile{path}; }), ErrorCode::kModelInvalid) << size;
  }
  EXPECT_EQ(code_of([&] { WeightFile{"/nowhere/model.safetensors"}; }), ErrorCode::kModelNotFound);
}

TEST_F(EncoderWeights, OtherTypesAndShapesAreNamed) {
  std::string bytes = safetensors_bytes({{"a.bias", {{2}, {1, 2}}}});
  bytes.replace(bytes.find("F32"), 3, "F64");
  const std::string path = write("f64.safetensors", bytes);
  EXPECT_EQ(code_of([&] { WeightFile{path}; }), ErrorCode::kModelUnsupported);
  const WeightFile file(write("a.safetensors", safetensors_bytes({{"a.bias", {{2}, {1, 2}}}})));
  EXPECT_EQ(code_of([&] { file.vector("a.bias", 3); }), ErrorCode::kModelInvalid);
  EXPECT_EQ(code_of([&] { file.vector("b.bias", 2); }), ErrorCode::kModelInvalid);
}

TEST_F(EncoderWeights, NumbersOfExternalDataAreWholeAndInRange) {
  write("model.onnx_data", std::string(4, '\0') + float_bytes({1.5f, 2.5f}));
  const auto entry = [](const std::string& key, const std::string& value) {
    return field(13, field(1, key) + field(2, value));
  };
  const auto load = [&](const std::string& key, const std::string& value) {
    const std::string path =
        write("model.onnx", field(7, initializer("a.bias", {2},
                                                 entry("location", "model.onnx_data") +
                                                     entry(key, value) + field(14, 1))));
    return code_of([&] { WeightFile{path}; });
  };
  constexpr ErrorCode kLoads = ErrorCode::kInternal;
  for (const char* good : {"0", "4", "04"}) EXPECT_EQ(load("offset", good), kLoads) << good;
  for (const char* bad : {"-1", "abc", "", "0x10", "4 ", " 4", "+4", "4.0", "5",
                          "18446744073709551615", "18446744073709551616"})
    EXPECT_EQ(load("offset", bad), ErrorCode::kModelInvalid) << bad;
  EXPECT_EQ(load("length", "8"), kLoads);
  for (const char* bad : {"7", "9", "-8", "8x", ""})
    EXPECT_EQ(load("length", bad), ErrorCode::kModelInvalid) << bad;
}

// Without a guard reading there would end the process with SIGBUS.
TEST_F(EncoderWeights, AMappedFileThatIsShortenedReadsAsZerosAndTells) {
  const std::string path = write("model.onnx_data", std::string(200'000, 'x'));
  const MappedFile kept(write("other", std::string(200'000, 'y')));
  MappedFile first(path);
  const MappedFile file = std::move(first);
  EXPECT_EQ(file.data()[150'000], 'x');
  std::filesystem::resize_file(path, 10);
  EXPECT_EQ(file.data()[199'999], '\0');
  EXPECT_EQ(file.data()[100'000], '\0');
  EXPECT_TRUE(file.shrank());
  EXPECT_EQ(kept.data()[150'000], 'y');
  EXPECT_FALSE(kept.shrank());
  const MappedFile again(path);
  EXPECT_FALSE(again.shrank());
}

TEST_F(EncoderWeights, WhatIsNoRegularFileIsRefusedWithoutWaiting) {
  const std::string pipe = (folder_.path() / "model.safetensors").string();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(code_of([&] { WeightFile{pipe}; }), ErrorCode::kModelNotFound);
  EXPECT_EQ(code_of([&] { MappedFile{folder_.path().string()}; }), ErrorCode::kModelNotFound);
}

class WeightCacheOfOthers : public EncoderWeights {
 protected:
  WeightCacheOfOthers() { cache().write("weights"); }

  WeightCache cache() const {
    return {folder().string(), file_, kLayout, kernels::Dtype::kInt8, 7};
  }
  std::filesystem::path folder() const { return folder_.path() / "cache"; }
  std::filesystem::path cached() const {
    return std::filesystem::directory_iterator(folder())->path();
  }
  static std::filesystem::perms mode(const std::filesystem::path& path) {
    return std::filesystem::status(path).permissions();
  }

  WeightFile file_{write("a.safetensors", safetensors_bytes({{"a.bias", {{2}, {1, 2}}}}))};
};

TEST_F(WeightCacheOfOthers, FolderAndFilesAreWrittenForThisUserAlone) {
  using std::filesystem::perms;
  ASSERT_TRUE(cache().open());
  EXPECT_EQ(mode(folder()), perms::owner_all);
  EXPECT_EQ(mode(cached()), perms::owner_read | perms::owner_write);
}

TEST_F(WeightCacheOfOthers, AFolderThatOthersCanWriteToIsRefused) {
  using std::filesystem::perms;
  for (const perms others : {perms::group_write, perms::others_write}) {
    std::filesystem::permissions(folder(), perms::owner_all | others);
    EXPECT_EQ(code_of([&] { cache().open(); }), ErrorCode::kInvalidOption);
  }
  std::filesystem::permissions(folder(), perms::owner_all);
  std::filesystem::permissions(cached(), perms::all);
  EXPECT_FALSE(cache().open()) << "a file that others can write to";
}

TEST_F(WeightCacheOfOthers, AFolderOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  constexpr uid_t kNobody = 65534;
  const std::filesystem::path file = cached();
  ASSERT_EQ(chown(file.c_str(), kNobody, kNobody), 0);
  EXPECT_FALSE(cache().open());
  ASSERT_EQ(chown(folder().c_str(), kNobody, kNobody), 0);
  EXPECT_EQ(code_of([&] { cache().open(); }), ErrorCode::kInvalidOption);
}

TEST_F(WeightCacheOfOthers, DamagedContentIsAMiss) {
  std::fstream file(cached(), std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(WeightCache::kHeaderBytes + 3).put('X');
  file.close();
  EXPECT_FALSE(cache().open());
}

TEST_F(WeightCacheOfOthers, APipeUnderItsNameIsAMiss) {
  const std::filesystem::path path = cached();
  std::filesystem::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(cache().open());
}

}  // namespace
}  // namespace bge::encoder
