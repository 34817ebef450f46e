#pragma once

#include "encoder/families/config_reader.h"
#include "encoder/families/model.h"

// RoBERTa and XLM-RoBERTa: BERT with positions that begin after the padding's id, and a head of its
// own.
namespace bge::encoder {

ModelBinding read_roberta(const ConfigReader& config);

}  // namespace bge::encoder
