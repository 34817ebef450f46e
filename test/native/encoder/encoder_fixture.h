#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace bge::encoder {

struct TestTensor {
  std::vector<int64_t> shape;
  std::vector<float> data;
};
using TestTensors = std::map<std::string, TestTensor>;

// Random tensors by the names that PyTorch gives them; always the same of one seed.
struct RandomTensors {
  explicit RandomTensors(unsigned seed) : random(seed) {}

  void add(const std::string& name, std::vector<int64_t> shape, float scale = 0.5f,
           float mean = 0.0f) {
    size_t count = 1;
    for (const int64_t size : shape) count *= size;
    TestTensor tensor{std::move(shape), std::vector<float>(count)};
    for (float& x : tensor.data) x = mean + scale * normal(random);
    tensors[name] = std::move(tensor);
  }

  TestTensors tensors;
  std::mt19937 random;
  std::normal_distribution<float> normal;
};

// A small cross-encoder with random weights, by the names that PyTorch gives them.
struct TestModel : RandomTensors {
  bool bert;
  int vocabulary = 50, hidden, layers = 3, heads = 2, intermediate, positions = 90;
  int types = 2, pad_id = 1;

  // Every layer `times` as wide.
  explicit TestModel(bool is_bert, int times = 1)
      : RandomTensors(17), bert(is_bert), hidden(64 * times), intermediate(128 * times) {
    const std::string prefix = bert ? "bert." : "roberta.";
    add(prefix + "embeddings.word_embeddings.weight", {vocabulary, hidden});
    add(prefix + "embeddings.position_embeddings.weight", {positions, hidden});
    add(prefix + "embeddings.token_type_embeddings.weight", {types, hidden});
    add_norm(prefix + "embeddings.LayerNorm");
    for (int i = 0; i < layers; ++i) {
      const std::string layer = prefix + "encoder.layer." + std::to_string(i) + ".";
      for (const char* name : {"attention.self.query", "attention.self.key", "attention.self.value",
                               "attention.output.dense"})
        add_linear(layer + name, hidden, hidden);
      add_norm(layer + "attention.output.LayerNorm");
      add_linear(layer + "intermediate.dense", intermediate, hidden);
      add_linear(layer + "output.dense", hidden, intermediate);
      add_norm(layer + "output.LayerNorm");
    }
    add_linear(bert ? prefix + "pooler.dense" : "classifier.dense", hidden, hidden);
    add_linear(bert ? "classifier" : "classifier.out_proj", 1, hidden);
  }

  const std::vector<float>& at(const std::string& name) const { return tensors.at(name).data; }

  std::string config_json() const {
    const auto field = [](const char* name, int value) {
      return ", \"" + std::string(name) + "\": " + std::to_string(value);
    };
    return std::string("{\"model_type\": ") + (bert ? "\"bert\"" : "\"xlm-roberta\"") +
           ", \"architectures\": [\"AnyForSequenceClassification\"], \"hidden_act\": \"gelu\"" +
           field("vocab_size", vocabulary) + field("hidden_size", hidden) +
           field("num_hidden_layers", layers) + field("num_attention_heads", heads) +
           field("intermediate_size", intermediate) + field("max_position_embeddings", positions) +
           field("type_vocab_size", types) + field("pad_token_id", pad_id) +
           ", \"layer_norm_eps\": 1e-5}";
  }

 private:
  void add_linear(const std::string& name, int out, int in) {
    add(name + ".weight", {out, in}, 0.2f);
    add(name + ".bias", {out});
  }
  void add_norm(const std::string& name) {
    add(name + ".weight", {hidden}, 0.2f, 1.0f);
    add(name + ".bias", {hidden});
  }
};

inline void write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string float_bytes(const std::vector<float>& x) {
  return {reinterpret_cast<const char*>(x.data()), x.size() * sizeof(float)};
}

// A type of elements by its name in safetensors: the bytes of values that it has, and the nearest
// such value.
struct TestElement {
  const char* name;
  std::function<std::string(const std::vector<float>&)> bytes;
  std::function<float(float)> rounded;
};

// The nearest value whose significand has `digits` bits and whose last place is at least
// `smallest`: how IEEE 754 defines rounding to a smaller format (values that fit its range).
inline float rounded_to(float value, int digits, float smallest) {
  int exponent;
  std::frexp(value, &exponent);
  const float step = std::max(std::ldexp(1.0f, exponent - digits), smallest);
  return std::nearbyint(value / step) * step;
}

inline float rounded_to_half(float value) { return rounded_to(value, 11, 0x1p-24f); }
inline float rounded_to_bfloat16(float value) { return rounded_to(value, 8, 0x1p-133f); }

// Of a value that binary16 has: sign, biased exponent, fraction by the definition.
inline uint16_t half_bits(float value) {
  int exponent;
  const float fraction = std::frexp(std::fabs(value), &exponent);
  const int sign = std::signbit(value) ? 0x8000 : 0;
  if (exponent < -13 || fraction == 0.0f)  // subnormal
    return static_cast<uint16_t>(sign | std::lrint(std::ldexp(fraction, exponent + 24)));
  return static_cast<uint16_t>(sign | (exponent + 14) << 10 |
                               (std::lrint(std::ldexp(fraction, 11)) - 1024));
}

// Of a value that bfloat16 has: the upper half of its float.
inline uint16_t bfloat16_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return static_cast<uint16_t>(bits >> 16);
}

template <uint16_t (*kBits)(float)>
std::string short_bytes(const std::vector<float>& values) {
  std::string out;
  for (const float value : values) {
    const uint16_t bits = kBits(value);
    out.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  }
  return out;
}

inline const TestElement kFloat32{"F32", float_bytes, [](float x) { return x; }};
inline const TestElement kFloat16{"F16", short_bytes<half_bits>, rounded_to_half};
inline const TestElement kBfloat16{"BF16", short_bytes<bfloat16_bits>, rounded_to_bfloat16};

inline std::string safetensors_bytes(const TestTensors& tensors,
                                     const TestElement& element = kFloat32) {
  std::string header = "{\"__metadata__\":{\"format\":\"pt\"}";
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    std::string shape;
    for (const int64_t size : tensor.shape)
      shape += (shape.empty() ? "" : ",") + std::to_string(size);
    header += ",\"" + name + "\":{\"dtype\":\"" + element.name + "\",\"shape\":[" + shape +
              "],\"data_offsets\":[" + std::to_string(data.size()) + ",";
    data += element.bytes(tensor.data);
    header += std::to_string(data.size()) + "]}";
  }
  header += "}";
  const uint64_t size = header.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + header + data;
}

// A folder that goes away with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "bge-encoder-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace bge::encoder
