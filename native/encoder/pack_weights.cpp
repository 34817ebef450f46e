#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "encoder/float_view.h"
#include "encoder/packed_model.h"

namespace bge::encoder {
namespace {

using kernels::Column;
using kernels::Dtype;
using kernels::PanelMatrix;

// The block was handed to lay_out() as read-only; its builder is the one place that writes.
template <class T>
T* writable(const T* part) {
  return const_cast<T*>(part);
}

// One linear layer of the weight file, [out][in] whatever the file's order.
class Source {
 public:
  Source(const WeightFile& file, const std::string& name, int out, int in)
      : Source(file.matrix(name + ".weight", out, in), file.vector(name + ".bias", out), out, in) {}

  Column column(int n, int first_input = 0) const {
    if (transposed_) return {weight_.data() + first_input * out_ + n, out_, bias_[n]};
    return {weight_.data() + n * in_ + first_input, 1, bias_[n]};
  }

 private:
  Source(const Tensor& weight, const Tensor& bias, int out, int in)
      : weight_(weight), bias_(bias), transposed_(weight.transposed), out_(out), in_(in) {}

  FloatView weight_;
  FloatView bias_;
  bool transposed_;
  size_t out_;
  size_t in_;
};

class Packer {
 public:
  Packer(const WeightFile& file, const PackedModel& model, const std::atomic<bool>* stop)
      : file_(file),
        model_(model),
        stop_(stop),
        config_(model.config),
        prefix_(file.prefix_of("embeddings.word_embeddings.weight")),
        outer_(outer_of(prefix_)) {}

  void run() {
    pack_embeddings();
    for (int i = 0; i < config_.layers; ++i) {
      check_stop();
      pack_layer(prefix_ + "encoder.layer." + std::to_string(i) + ".", model_.layers[i]);
    }
    pack_head();
  }

 private:
  // The head stands beside the encoder: 'model.' of 'model.bert.', '' of 'bert.' and of ''.
  static std::string outer_of(const std::string& prefix) {
    const size_t dot = prefix.size() < 2 ? std::string::npos : prefix.rfind('.', prefix.size() - 2);
    return dot == std::string::npos ? "" : prefix.substr(0, dot + 1);
  }

  void check_stop() const {
    if (stop_ != nullptr && stop_->load(std::memory_order_relaxed))
      throw Error(ErrorCode::kAborted, "The load was cancelled; load again if it is still wanted.");
  }

  void copy(const Tensor& tensor, const float* to) {
    const FloatView from(tensor);
    std::memcpy(writable(to), from.data(), from.size() * sizeof(float));
  }

  void pack_norm(const std::string& name, const NormWeights& norm) {
    copy(file_.vector(name + ".weight", config_.hidden), norm.gamma);
    copy(file_.vector(name + ".bias", config_.hidden), norm.beta);
  }

  void pack_columns(const std::vector<Column>& columns, const PanelMatrix& to) {
    kernels::convert_to_panels(to.dtype, columns, to.k,
                               {const_cast<void*>(to.panels), writable(to.scale),
                                writable(to.scaled_sum), writable(to.bias)});
  }

  void pack_plain(const std::string& name, const PanelMatrix& to) {
    const Source source(file_, name, to.n, to.k);
    std::vector<Column> columns;
    for (int n = 0; n < to.n; ++n) columns.push_back(source.column(n));
    pack_columns(columns, to);
  }

  void pack_embeddings() {
    const std::string name = prefix_ + "embeddings.";
    const Tensor& words =
        file_.matrix(name + "word_embeddings.weight", config_.vocabulary, config_.hidden);
    // In parts, so that the float table is never resident as a whole.
    constexpr int kRows = 4096;
    const size_t width = config_.hidden;
    for (int row = 0; row < config_.vocabulary; row += kRows) {
      check_stop();
      const size_t count = std::min(kRows, config_.vocabulary - row);
      const FloatView from(words, row * width, count * width);
      char* to = static_cast<char*>(const_cast<void*>(model_.words.rows));
      float* scale = model_.words.scale == nullptr ? nullptr : writable(model_.words.scale) + row;
      const kernels::Dtype dtype = model_.words.dtype;
      kernels::convert_embedding_rows(dtype, from.data(), count, width,
                                      to + row * width * kernels::element_size(dtype), scale);
    }
    copy(file_.matrix(name + "position_embeddings.weight", config_.positions, config_.hidden),
         model_.positions);
    copy(file_.matrix(name + "token_type_embeddings.weight", config_.types, config_.hidden),
         model_.types);
    pack_norm(name + "LayerNorm", model_.embedding_norm);
  }

  void pack_layer(const std::string& name, const LayerWeights& layer) {
    pack_qkv(name + "attention.self.", layer.qkv);
    pack_plain(name + "attention.output.dense", layer.attention_output);
    pack_norm(name + "attention.output.LayerNorm", layer.attention_norm);
    pack_plain(name + "intermediate.dense", layer.up);
    pack_down(name + "output.dense", layer.down);
    pack_norm(name + "output.LayerNorm", layer.output_norm);
  }

  // The bias of the keys adds the same amount to every score of a query, which the softmax takes
  // away again: it is left out, and the int8 keys need no range for it.
  void pack_qkv(const std::string& name, const PanelMatrix& to) {
    const Source query(file_, name + "query", config_.hidden, config_.hidden);
    const Source key(file_, name + "key", config_.hidden, config_.hidden);
    const Source value(file_, name + "value", config_.hidden, config_.hidden);
    const int head_dim = config_.head_dim();
    std::vector<Column> columns;
    for (int head = 0; head < config_.heads; ++head) {
      for (const Source* source : {&query, &key, &value}) {
        for (int i = 0; i < head_dim; ++i) {
          columns.push_back(source->column(head * head_dim + i));
          if (source == &key) columns.back().bias = 0.0f;
        }
      }
    }
    pack_columns(columns, to);
  }

  void pack_down(const std::string& name, const std::vector<PanelMatrix>& slices) {
    const Source source(file_, name, config_.hidden, config_.intermediate);
    int first_input = 0;
    for (const PanelMatrix& slice : slices) {
      std::vector<Column> columns;
      for (int n = 0; n < slice.n; ++n) {
        columns.push_back(source.column(n, first_input));
        if (first_input > 0) columns.back().bias = 0.0f;
      }
      pack_columns(columns, slice);
      first_input += slice.k;
    }
  }

  void pack_head() {
    const bool bert = config_.family == Family::kBert;
    const std::string output = outer_ + (bert ? "classifier" : "classifier.out_proj");
    pack_plain(bert ? prefix_ + "pooler.dense" : outer_ + "classifier.dense", model_.head.dense);
    const int labels = file_.rows(output + ".weight");
    if (labels != 1 && labels != 2)
      throw Error(ErrorCode::kModelUnsupported, "The weights have " + std::to_string(labels) +
                                                    " labels; a reranker has one or two.");
    const Source source(file_, output, labels, config_.hidden);
    // Of two labels the second is relevance, and the logit is what it has more than the first, as
    // read_logits() of the ONNX path has it: one row of differences gives it at once.
    const Column relevant = source.column(labels - 1);
    for (int i = 0; i < config_.hidden; ++i)
      writable(model_.head.output)[i] = relevant.weights[i * relevant.stride];
    *writable(model_.head.output_bias) = relevant.bias;
    if (labels == 1) return;
    const Column other = source.column(0);
    for (int i = 0; i < config_.hidden; ++i)
      writable(model_.head.output)[i] -= other.weights[i * other.stride];
    *writable(model_.head.output_bias) -= other.bias;
  }

  const WeightFile& file_;
  const PackedModel& model_;
  const std::atomic<bool>* stop_;
  const EncoderConfig& config_;
  std::string prefix_;
  std::string outer_;
};

}  // namespace

void pack_weights(const WeightFile& weights, const PackedModel& model,
                  const std::atomic<bool>* stop) {
  Packer(weights, model, stop).run();
}

}  // namespace bge::encoder
