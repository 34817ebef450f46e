#include "engine/worker.h"

#include <cmath>
#include <new>
#include <variant>
#include <vector>

namespace bge::engine {
namespace {

Error current_error() noexcept {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kOutOfMemory,
                 "memory ran out; send fewer or shorter contexts at once, or use fewer threads");
  } catch (const std::exception& error) {
    return Error(ErrorCode::kInternal, error.what());
  }
}

}  // namespace

Worker::Worker(schedule::Scheduler& scheduler, const tokenize::Tokenizer& tokenizer,
               std::unique_ptr<backend::Runner> runner, PairLimits limits)
    : scheduler_(scheduler), tokenizer_(tokenizer), runner_(std::move(runner)), limits_(limits) {}

void Worker::run() noexcept {
  while (const std::optional<schedule::Work> work = scheduler_.next()) {
    try {
      if (const auto* tokenizing = std::get_if<schedule::TokenizeWork>(&*work)) {
        tokenize(*tokenizing);
      } else {
        score(std::get<schedule::RunWork>(*work));
      }
    } catch (...) {
      scheduler_.failed(*work, current_error());
    }
  }
}

void Worker::tokenize(const schedule::TokenizeWork& work) {
  const auto start = schedule::Clock::now();
  schedule::Request& request = *work.request;
  if (work.with_query) {
    request.query_ids = tokenizer_.encode(request.query).ids;
    request.query = {};
  }
  for (size_t i = work.first; i < work.last && !request.settled; ++i) {
    encode(request, request.pairs[i]);
  }
  scheduler_.tokenized(work, schedule::Clock::now() - start);
}

void Worker::encode(schedule::Request& request, schedule::Pair& pair) const {
  const size_t cap =
      request.exact_counts
          ? tokenize::kNoLimit
          : tokenize::passage_cap(request.query_ids.size(), limits_.max_length,
                                  tokenizer_.special_tokens_in_pair(), limits_.truncation);
  const std::vector<int32_t> passage = tokenizer_.encode(pair.text, cap).ids;
  pair.text = {};
  try {
    pair.encoded =
        tokenizer_.pair(request.query_ids, passage, limits_.max_length, limits_.truncation);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kTooLong) throw;
    throw Error(error.code(), error.what(),
                "/contexts/" + std::to_string(pair.first_context) + "/text");
  }
}

void Worker::score(const schedule::RunWork& work) {
  const auto start = schedule::Clock::now();
  std::vector<backend::Row> rows;
  for (const schedule::PairRef& ref : work.pairs) {
    const tokenize::EncodedPair& encoded = ref.pair().encoded;
    rows.push_back({encoded.ids, encoded.type_ids});
  }
  std::vector<float> logits(rows.size());
  runner_->run(rows, logits);
  for (size_t i = 0; i < logits.size(); ++i) {
    schedule::Pair& pair = work.pairs[i].pair();
    if (!std::isfinite(logits[i])) {
      throw Error(ErrorCode::kInferenceFailed,
                  "the model gave a logit that is not a finite number; check its weights");
    }
    pair.logit = logits[i];
    pair.encoded = {};
  }
  scheduler_.scored(work, schedule::Clock::now() - start);
}

}  // namespace bge::engine
