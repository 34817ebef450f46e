#include <algorithm>
#include <cstring>
#include <optional>
#include <set>

#include "base/error.h"
#include "encoder/weights/onnx_graph.h"

namespace bge::encoder {
namespace {

// Hold weights in a form of their own: four bits a weight, or three layers in one.
const std::set<std::string, std::less<>> kOtherForms{"MatMulNBits",
                                                     "MatMulBnb4",
                                                     "MatMulFpQ4",
                                                     "GatherBlockQuantized",
                                                     "Attention",
                                                     "QAttention",
                                                     "QEmbedLayerNormalization",
                                                     "QLinearMatMul",
                                                     "QGemm"};
// Where else than in Add a bias stands, by the number of its input.
const std::map<std::string, size_t, std::less<>> kBiasInputs{
    {"BiasGelu", 1}, {"FastGelu", 1}, {"SkipLayerNormalization", 4}};

class WeightNames {
 public:
  WeightNames(OnnxGraph graph, const std::string& path)
      : graph_(std::move(graph)), path_(path), known_(graph_.tensors) {}

  Tensors take() {
    for (const OnnxNode& node : graph_.nodes) follow(node);
    // What is still a plain integer is an index or a zero point.
    std::erase_if(known_, [](const auto& entry) {
      const Tensor& tensor = entry.second;
      return tensor.quantisation == nullptr && is_integer(tensor.element);
    });
    return std::move(known_);
  }

 private:
  static bool is_integer(Element element) {
    return element == Element::kInt8 || element == Element::kUint8 || element == Element::kInt32;
  }

  const Tensor* find(const OnnxNode& node, size_t input) const {
    if (input >= node.inputs.size()) return nullptr;
    const auto found = known_.find(node.inputs[input]);
    return found == known_.end() ? nullptr : &found->second;
  }

  void follow(const OnnxNode& node) {
    const std::string& type = node.type;
    if (kOtherForms.contains(type)) refuse(type);
    if (node.inputs.empty()) return;
    if (type == "Identity" || type == "Cast") {
      if (const Tensor* tensor = find(node, 0)) known_[node.output] = Tensor(*tensor);
      pass_on_product(node);
    } else if (type == "QuantizeLinear") {
      quantize(node);
      pass_on_product(node);
    } else if (type == "Transpose") {
      transpose(node);
    } else if (type == "Gather") {
      if (find(node, 0) != nullptr) tables_[node.output] = node.inputs[0];
    } else if (type == "DequantizeLinear") {
      dequantize(node);
      pass_on_product(node);
    } else if (type == "MatMul" || type == "FusedMatMul") {
      if (const Tensor* weight = find(node, 1)) products_[node.output] = as_factor(*weight, node);
    } else if (type == "Gemm" || type == "FusedGemm") {
      if (const Tensor* weight = find(node, 1)) name(node, 2, as_factor(*weight, node));
    } else if (type == "MatMulInteger") {
      integer_product(node, 1, std::nullopt, 3);
    } else if (type == "MatMulIntegerToFloat") {
      integer_product(node, 1, 3, 5);
      name_product(node, 6, node.output);
    } else if (type == "DynamicQuantizeMatMul") {
      integer_product(node, 1, 2, 3);
      name_product(node, 4, node.output);
    } else if (type == "Mul") {
      scale(node);
    } else if (type == "Add" && node.inputs.size() == 2) {
      for (const size_t i : {0, 1}) name_product(node, i, node.inputs[1 - i]);
    } else if (const auto bias = kBiasInputs.find(type); bias != kBiasInputs.end()) {
      name_product(node, bias->second, node.inputs[0]);
    }
  }

  void pass_on_product(const OnnxNode& node) {
    const auto product = products_.find(node.inputs[0]);
    if (product != products_.end()) products_[node.output] = Tensor(product->second);
  }

  void transpose(const OnnxNode& node) {
    const Tensor* tensor = find(node, 0);
    if (tensor == nullptr || tensor->shape.size() != 2) return;
    Tensor turned = *tensor;
    turned.transposed = !turned.transposed;
    known_[node.output] = std::move(turned);
  }

  // MatMul takes [in][out]: what lies so is a transposed weight; what was turned lies as [out][in].
  static Tensor as_factor(const Tensor& weight, const OnnxNode& node) {
    Tensor factor = weight;
    factor.transposed = weight.transposed == node.transpose_b;
    return factor;
  }

  // The weight at input `weight`, with its scale (where it is known yet) and its zero point.
  void integer_product(const OnnxNode& node, size_t weight, std::optional<size_t> scale,
                       size_t zero) {
    const Tensor* integers = find(node, weight);
    if (integers == nullptr || !is_integer(integers->element)) return;
    Tensor factor = as_factor(*integers, node);
    auto steps = std::make_shared<Quantisation>();
    steps->axis = factor.transposed ? 1 : 0;
    steps->zero = zeros_of(find(node, zero));
    if (scale) steps->scale = scales_of(find(node, *scale));
    factor.quantisation = std::move(steps);
    if (scale) complete(factor, node.type);
    products_[node.output] = std::move(factor);
  }

  // Of activations' scale and weights' scale, or of a product with both of them.
  void scale(const OnnxNode& node) {
    if (node.inputs.size() != 2) return;
    for (const size_t i : {0, 1}) {
      const Tensor* factor = find(node, i);
      if (factor != nullptr && factor->element == Element::kFloat32) scales_[node.output] = *factor;
    }
    for (const size_t i : {0, 1}) {
      const auto product = products_.find(node.inputs[i]);
      const auto factor = scales_.find(node.inputs[1 - i]);
      if (product == products_.end() || product->second.quantisation == nullptr) continue;
      if (!product->second.quantisation->scale.empty() || factor == scales_.end()) continue;
      Tensor scaled = product->second;
      auto steps = std::make_shared<Quantisation>(*scaled.quantisation);
      steps->scale = scales_of(&factor->second);
      scaled.quantisation = std::move(steps);
      complete(scaled, "MatMulInteger");
      products_[node.output] = std::move(scaled);
    }
  }

  // Floats that the graph makes bytes of, to make floats of those again: it is those that the file
  // has. What they are rounded to is not looked at, as they are rounded here too.
  void quantize(const OnnxNode& node) {
    const Tensor* floats = find(node, 0);
    if (floats == nullptr || is_integer(floats->element)) return;
    const bool to_bytes = node.inputs.size() < 3 || find(node, 2) != nullptr;
    if (to_bytes) keep(node, *floats);
  }

  // The same value by another name: it is a weight, or a bias, by its first one.
  void keep(const OnnxNode& node, Tensor value) {
    const auto first = names_.find(node.inputs[0]);
    names_[node.output] = first == names_.end() ? node.inputs[0] : first->second;
    known_[node.output] = std::move(value);
  }

  // Of a table before or after it is looked into, or of a linear layer's weights or bias.
  void dequantize(const OnnxNode& node) {
    const auto looked_up = tables_.find(node.inputs[0]);
    const std::string name = looked_up == tables_.end() ? node.inputs[0] : looked_up->second;
    const auto integers = known_.find(name);
    if (integers == known_.end()) return;
    Tensor tensor = integers->second;
    if (!is_integer(tensor.element)) return keep(node, std::move(tensor));
    auto steps = std::make_shared<Quantisation>();
    steps->scale = scales_of(find(node, 1));
    steps->zero = zeros_of(find(node, 2));
    const auto rank = static_cast<int64_t>(tensor.shape.size());
    steps->axis = static_cast<size_t>(node.axis < 0 ? node.axis + rank : node.axis);
    tensor.quantisation = std::move(steps);
    complete(tensor, node.type);
    constexpr std::string_view kSuffix = "_quantized";
    if (name.ends_with(kSuffix)) known_[name.substr(0, name.size() - kSuffix.size())] = tensor;
    if (looked_up != tables_.end()) return;
    names_[node.output] =
        name.ends_with(kSuffix) ? name.substr(0, name.size() - kSuffix.size()) : name;
    known_[node.output] = std::move(tensor);
  }

  void complete(Tensor& tensor, const std::string& type) const {
    auto steps = std::make_shared<Quantisation>(*tensor.quantisation);
    const size_t count = steps->scale.size();
    if (steps->zero.empty()) steps->zero.assign(count, 0);
    if (steps->zero.size() == 1) steps->zero.assign(count, steps->zero.front());
    const bool fits = count == 1 || (steps->axis < tensor.shape.size() &&
                                     static_cast<int64_t>(count) == tensor.shape[steps->axis]);
    if (count == 0 || !fits || steps->zero.size() != count) refuse(type);
    tensor.quantisation = std::move(steps);
  }

  static std::vector<float> scales_of(const Tensor* tensor) {
    if (tensor == nullptr || tensor->element != Element::kFloat32 || tensor->shape.size() > 1)
      return {};
    std::vector<float> scales(tensor->count());
    std::memcpy(scales.data(), tensor->data, scales.size() * sizeof(float));
    return scales;
  }

  static std::vector<int32_t> zeros_of(const Tensor* tensor) {
    if (tensor == nullptr) return {};
    std::vector<int32_t> zeros;
    for (size_t i = 0; i < tensor->count(); ++i) {
      const char byte = tensor->data[i * bytes_of(tensor->element)];
      zeros.push_back(tensor->element == Element::kUint8 ? static_cast<uint8_t>(byte)
                                                         : static_cast<int8_t>(byte));
    }
    return zeros;
  }

  void name_product(const OnnxNode& node, size_t bias, const std::string& product) {
    if (const auto weight = products_.find(product); weight != products_.end())
      name(node, bias, weight->second);
  }

  void name(const OnnxNode& node, size_t bias, const Tensor& weight) {
    if (bias >= node.inputs.size() || find(node, bias) == nullptr) return;
    // An integer product whose scale was nowhere before its bias.
    if (weight.quantisation != nullptr && weight.quantisation->scale.empty()) refuse(node.type);
    std::string name = node.inputs[bias];
    if (const auto dequantised = names_.find(name); dequantised != names_.end())
      name = dequantised->second;
    constexpr std::string_view kSuffix = "bias";
    if (name.ends_with(kSuffix))
      known_[name.substr(0, name.size() - kSuffix.size()) + "weight"] = weight;
  }

  [[noreturn]] void refuse(const std::string& type) const {
    throw Error(ErrorCode::kModelUnsupported,
                "Our own kernels do not know how " + type +
                    " holds its weights; use float weights "
                    "or those of quantize_dynamic.",
                path_);
  }

  OnnxGraph graph_;
  const std::string& path_;
  Tensors known_;                              // values that are weights, by any of their names
  std::map<std::string, Tensor> products_;     // values that a weight was multiplied to
  std::map<std::string, Tensor> scales_;       // products of scales: the weights' own
  std::map<std::string, std::string> tables_;  // values that were looked up: in which table
  std::map<std::string, std::string> names_;   // dequantised values: the name without its suffix
};

}  // namespace

Tensors name_weights(OnnxGraph graph, const std::string& path) {
  return WeightNames(std::move(graph), path).take();
}

}  // namespace bge::encoder
