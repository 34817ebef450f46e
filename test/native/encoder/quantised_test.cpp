#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "encoder/weights/float_view.h"
#include "encoder/weights/weight_file.h"
#include "encoder_fixture.h"
#include "kernels/panels.h"
#include "onnx_fixture.h"

// How quantize_dynamic, Optimum and ONNX Runtime's optimizer write a linear layer [in 2][out 3]
// and a table of words, by their operators' definitions in the ONNX standard.
namespace bge::encoder {
namespace {

constexpr int kUint8 = 2;
constexpr int kInt8 = 3;
constexpr int kInt32 = 6;

std::string raw(const std::string& bytes) { return field(9, bytes); }
// Small integers of any type, one varint each.
std::string few(const std::vector<uint64_t>& values) {
  std::string out;
  for (const uint64_t value : values) out += varint(value);
  return field(5, out);
}
std::string axis(int64_t value) {
  return field(5, field(1, std::string("axis")) + field(3, static_cast<uint64_t>(value)));
}
const std::string kTransB = field(5, field(1, std::string("transB")) + field(3, 1));

// 10, 20, 30 / 130, 150, 254, of which the zero points are taken off: by column 128, 128, 0, or
// 128.
const std::string kBytes = raw("\x0a\x14\x1e\x82\x96\xfe");
const std::string kScale = initializer("W_scale", {}, raw(float_bytes({0.5f})));
const std::string kScales = initializer("W_scale", {3}, raw(float_bytes({0.5f, 0.25f, 2.0f})));
const std::string kBias = initializer("dense.bias", {3}, raw(float_bytes({7, 8, 9})));

std::string per_tensor() {
  return initializer("W_quantized", {2, 3}, kBytes, kUint8) + kScale +
         initializer("W_zero_point", {}, few({128}), kUint8) + kBias;
}
std::string per_column() {
  return initializer("W_quantized", {2, 3}, kBytes, kUint8) + kScales +
         initializer("W_zero_point", {3}, few({128, 128, 0}), kUint8) + kBias;
}

struct Form {
  const char* name;
  std::string nodes;
};

void PrintTo(const Form& form, std::ostream* out) { *out << form.name; }

const std::string kProduct =
    node("DynamicQuantizeLinear", {"x"}, "xq") + node("Mul", {"x_scale", "W_scale"}, "scales") +
    node("MatMulInteger", {"xq", "W_quantized", "x_zero", "W_zero_point"}, "integers") +
    node("Cast", {"integers"}, "floats");
const std::string kDequantised =
    node("DequantizeLinear", {"W_quantized", "W_scale", "W_zero_point"}, "W", axis(1));

class QuantisedLayer : public testing::TestWithParam<Form> {
 protected:
  std::vector<float> values_of(const std::string& initializers) {
    const auto path = folder_.path() / "model.onnx";
    write_file(path, field(7, GetParam().nodes + initializers));
    const WeightFile file(path.string());
    const Tensor& weight = file.matrix("dense.weight", 3, 2);
    EXPECT_TRUE(weight.transposed);
    EXPECT_EQ(FloatView(file.vector("dense.bias", 3))[2], 9.0f);
    const FloatView view(weight);
    return {view.data(), view.data() + view.size()};
  }
  TemporaryFolder folder_;
};

TEST_P(QuantisedLayer, WithOneScaleIsReadAsWhatItsIntegersStandFor) {
  EXPECT_EQ(values_of(per_tensor()), (std::vector<float>{-59, -54, -49, 1, 11, 63}));
}

TEST_P(QuantisedLayer, WithAScaleForEachColumnIsReadAsWhatItsIntegersStandFor) {
  EXPECT_EQ(values_of(per_column()), (std::vector<float>{-59, -27, 60, 1, 5.5f, 508}));
}

INSTANTIATE_TEST_SUITE_P(
    Forms, QuantisedLayer,
    testing::Values(
        Form{"MatMulInteger", kProduct + node("Mul", {"floats", "scales"}, "product") +
                                  node("Add", {"dense.bias", "product"}, "y")},
        Form{"ScalesFirst", kProduct + node("Mul", {"scales", "floats"}, "product") +
                                node("Add", {"product", "dense.bias"}, "y")},
        Form{"MatMulIntegerToFloat", node("MatMulIntegerToFloat",
                                          {"xq", "W_quantized", "x_scale", "W_scale", "x_zero",
                                           "W_zero_point", "dense.bias"},
                                          "y")},
        Form{"DynamicQuantizeMatMul",
             node("DynamicQuantizeMatMul",
                  {"x", "W_quantized", "W_scale", "W_zero_point", "dense.bias"}, "y")},
        Form{"BiasApart", node("DynamicQuantizeMatMul",
                               {"x", "W_quantized", "W_scale", "W_zero_point", ""}, "product") +
                              node("Add", {"product", "dense.bias"}, "y")},
        Form{"BiasInGelu", node("DynamicQuantizeMatMul",
                                {"x", "W_quantized", "W_scale", "W_zero_point"}, "product") +
                               node("BiasGelu", {"product", "dense.bias"}, "y")},
        Form{"BiasInNorm", node("DynamicQuantizeMatMul",
                                {"x", "W_quantized", "W_scale", "W_zero_point"}, "product") +
                               node("SkipLayerNormalization",
                                    {"product", "x", "gamma", "beta", "dense.bias"}, "y")},
        Form{"Dequantised", kDequantised + node("MatMul", {"x", "W"}, "product") +
                                node("Add", {"product", "dense.bias"}, "y")},
        Form{"DequantisedGemm", kDequantised + node("Gemm", {"x", "W", "dense.bias"}, "y")},
        Form{"QuantisedBetween", kDequantised + node("MatMul", {"x", "W"}, "product") +
                                     node("QuantizeLinear", {"product", "s", "z"}, "pq") +
                                     node("DequantizeLinear", {"pq", "s", "z"}, "p") +
                                     node("Add", {"p", "dense.bias"}, "y")}),
    [](const auto& form) { return form.param.name; });

class QuantisedFile : public testing::Test {
 protected:
  std::string write(const std::string& graph) {
    const auto path = folder_.path() / "model.onnx";
    write_file(path, field(7, graph));
    return path.string();
  }
  TemporaryFolder folder_;
};

TEST_F(QuantisedFile, ALayerAsPyTorchHasIt) {
  const std::string graph =
      node("DequantizeLinear", {"dense.weight_quantized", "s", "z"}, "W", axis(0)) +
      node("Gemm", {"x", "W", "dense.bias"}, "y", kTransB) +
      initializer("dense.weight_quantized", {2, 2}, raw("\x01\xff\x02\xfe"), kInt8) +
      initializer("s", {2}, raw(float_bytes({1, 10}))) + initializer("z", {2}, few({0, 0}), kInt8) +
      initializer("dense.bias", {2}, raw(float_bytes({7, 8})));
  const WeightFile file(write(graph));
  const Tensor& weight = file.matrix("dense.weight", 2, 2);
  EXPECT_FALSE(weight.transposed);
  const FloatView view(weight);
  EXPECT_EQ(std::vector<float>(view.data(), view.data() + 4), (std::vector<float>{1, -1, 20, -20}));
}

TEST_F(QuantisedFile, ABiasOfIntegers) {
  const std::string bias("\x02\x00\x00\x00\xfe\xff\xff\xff", 8);
  const std::string graph = node("DequantizeLinear", {"dense.bias_quantized", "s"}, "b") +
                            node("Gemm", {"x", "onnx::W", "b"}, "y") +
                            initializer("dense.bias_quantized", {2}, raw(bias), kInt32) +
                            initializer("s", {}, raw(float_bytes({0.25f}))) +
                            initializer("onnx::W", {1, 2}, raw(float_bytes({3, 4})));
  const WeightFile file(write(graph));
  EXPECT_EQ(FloatView(file.matrix("dense.weight", 2, 1))[1], 4.0f);
  EXPECT_EQ(FloatView(file.vector("dense.bias", 2))[1], -0.5f);
}

TEST_F(QuantisedFile, ATableBeforeAndAfterItIsLookedInto) {
  const std::string table = initializer("words.weight_quantized", {2, 1}, raw("\x05\x0b"), kUint8) +
                            initializer("s", {}, raw(float_bytes({2}))) +
                            initializer("z", {}, raw("\x07"), kUint8);
  const std::string after = node("Gather", {"words.weight_quantized", "ids"}, "rows") +
                            node("DequantizeLinear", {"rows", "s", "z"}, "y");
  const std::string before = node("DequantizeLinear", {"words.weight_quantized", "s", "z"}, "t") +
                             node("Gather", {"t", "ids"}, "y");
  for (const std::string& nodes : {after, before}) {
    const WeightFile file(write(nodes + table));
    const FloatView view(file.matrix("words.weight", 2, 1));
    EXPECT_EQ(view[0], -4.0f);
    EXPECT_EQ(view[1], 8.0f);
  }
}

// quantize_static with AddQDQPairToWeight.
TEST_F(QuantisedFile, FloatsThatTheGraphQuantisesAreReadAsTheyAre) {
  const std::string scales = initializer("s", {}, raw(float_bytes({0.5f}))) +
                             initializer("z", {}, few({0}), kInt8) +
                             initializer("four_bits", {}, few({0}), 22);
  const auto layer = [&](const std::string& zero) {
    return node("QuantizeLinear", {"onnx::W", "s", zero}, "q") +
           node("DequantizeLinear", {"q", "s", zero}, "W") + node("MatMul", {"x", "W"}, "product") +
           node("QuantizeLinear", {"dense.bias", "s", "z"}, "bq") +
           node("DequantizeLinear", {"bq", "s", "z"}, "b") + node("Add", {"product", "b"}, "y") +
           initializer("onnx::W", {2, 1}, raw(float_bytes({0.3f, 4}))) +
           initializer("dense.bias", {1}, raw(float_bytes({7}))) + scales;
  };
  const WeightFile file(write(layer("z")));
  EXPECT_EQ(FloatView(file.matrix("dense.weight", 1, 2))[0], 0.3f);
  EXPECT_THROW(WeightFile(write(layer("four_bits"))).matrix("dense.weight", 1, 2), Error);
}

TEST_F(QuantisedFile, OtherFormsAreNamed) {
  for (const char* type : {"MatMulNBits", "QLinearMatMul", "QAttention", "Attention"}) {
    try {
      WeightFile(write(node(type, {"x", "W"}, "y")));
      FAIL() << type;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kModelUnsupported);
      EXPECT_NE(std::string(error.what()).find(std::string("how ") + type), std::string::npos);
    }
  }
}

TEST_F(QuantisedFile, ScalesThatFitNothingAreRefused) {
  const std::string graph = node("DynamicQuantizeMatMul", {"x", "W", "s", "", "dense.bias"}, "y") +
                            initializer("W", {2, 3}, kBytes, kUint8) +
                            initializer("s", {2}, raw(float_bytes({1, 2}))) + kBias;
  EXPECT_THROW(WeightFile{write(graph)}, Error);
}

// One column of 64 weights, of which the first are given.
struct Converted {
  explicit Converted(std::vector<float> first, float step)
      : panels(kernels::kPanel * 64), values(kernels::kPanel * 3) {
    first.resize(64);
    const std::vector<kernels::Column> columns(kernels::kPanel, {first.data(), 1, 0.0f, step});
    kernels::convert_to_panels(kernels::Dtype::kInt8, columns, 64,
                               {panels.data(), values.data(), values.data() + kernels::kPanel,
                                values.data() + 2 * kernels::kPanel});
  }
  float scale() const { return values[0]; }
  int byte(int i) const { return panels[i / 4 * kernels::kPanel * 4 + i % 4]; }
  std::vector<int8_t> panels;
  std::vector<float> values;
};

// What a file may say of its weights, found by fuzzing.
class HostileGraph : public testing::Test {
 protected:
  std::string write(const std::string& graph) const {
    const auto path = folder_.path() / "model.onnx";
    write_file(path, field(7, graph));
    return path.string();
  }
  ErrorCode refused(const std::string& graph) const {
    const std::string path = write(graph);
    try {
      const WeightFile file(path);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  }
  TemporaryFolder folder_;
};

TEST_F(HostileGraph, ANodeWithoutInputsHoldsNoWeights) {
  for (const char* type : {"DequantizeLinear", "QuantizeLinear", "Transpose", "Gather", "MatMul",
                           "Gemm", "MatMulInteger", "Mul", "Add", "BiasGelu"}) {
    const WeightFile file(write(node(type, {}, "y") + kBias));
    EXPECT_EQ(file.tensors().size(), 1u) << type;
  }
}

TEST_F(HostileGraph, AnIntegerProductWithoutItsScaleIsRefused) {
  EXPECT_EQ(refused(node("MatMulInteger", {"x", "W_quantized"}, "y") +
                    node("Add", {"y", "dense.bias"}, "z") + per_tensor()),
            ErrorCode::kModelUnsupported);
}

TEST_F(HostileGraph, TheLeastIntegerLessItsZeroPointIsNoOverflow) {
  const WeightFile file(
      write(node("DequantizeLinear", {"dense.bias_quantized", "W_scale", "zero"}, "y") + kScale +
            initializer("zero", {}, raw("\x01"), kInt8) +
            initializer("dense.bias_quantized", {1}, raw(std::string("\0\0\0\x80", 4)), kInt32)));
  EXPECT_EQ(FloatView(file.vector("dense.bias", 1))[0], -0.5f * 0x1p31f);
}

TEST_F(HostileGraph, MessagesThatAreCutShortAreRefused) {
  const std::string cut = "\x0a\x7f";  // a field of 127 bytes that are not there
  for (const std::string& graph :
       {field(1, cut), field(1, field(5, cut)), field(5, cut), field(5, field(13, cut)),
        field(5, field(1, std::string("\xff"))) /* dims */}) {
    EXPECT_EQ(refused(graph), ErrorCode::kModelInvalid);
  }
}

TEST(QuantisedColumn, KeepsIntegersThatAByteHolds) {
  constexpr float kStep = 0.037f;
  const Converted kept({-128 * kStep, 127 * kStep, 3 * kStep}, kStep);
  EXPECT_EQ(kept.scale(), kStep);
  EXPECT_EQ(kept.byte(0), -128);
  EXPECT_EQ(kept.byte(1), 127);
  EXPECT_EQ(kept.byte(2), 3);
}

TEST(QuantisedColumn, OfALargerRangeIsRoundedToItsOwn) {
  const Converted rounded({254.0f, 127.0f, 2.0f}, 1.0f);
  EXPECT_EQ(rounded.scale(), 2.0f);
  EXPECT_EQ(rounded.byte(0), 127);
  EXPECT_EQ(rounded.byte(2), 1);
  const Converted above({128.0f}, 1.0f);
  EXPECT_EQ(above.byte(0), 127);
}

TEST(QuantisedColumn, OfFloatsHasAScaleOfItsOwn) {
  EXPECT_EQ(Converted({254.0f}, 0.0f).scale(), 2.0f);
  EXPECT_TRUE(std::isnan(Converted({NAN, 1.0f}, 1.0f).scale()));
}

}  // namespace
}  // namespace bge::encoder
