#!/usr/bin/env python3
"""Scores small models whose config.json leaves out what transformers has defaults for.

  pip install torch 'transformers==4.44.*' safetensors     # and once more with 'transformers==5.24.*'
  config-defaults.py

Prints the logits that test/models/config-defaults.test.ts expects, one line a model and config. Weights, widths and
rows are those of test/support/tiny-bert.ts: Lehmer's generator, in the order in which that lists the tensors.
"""
import json
import logging
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.numpy import save_file

HIDDEN, HEADS, LAYERS, INTERMEDIATE = 64, 2, 2, 128
# transformers' defaults: a table of another size than config.json's default is refused by it.
VOCABULARY, POSITIONS, TYPES = 30522, 512, 2
# "how do rerankers order passages?" with "by the score of each pair", and with "<pad>[PAD] the sky is blue", by the
# tokenizers of test/native/fixtures/tokenizer. The padding token stands in the text.
ROWS = {
    "bert": [
        [2, 59, 125, 133, 55, 125, 69, 115, 128, 111, 124, 121, 115, 128, 129, 66, 128, 114, 115, 128, 194, 129, 35, 3,
         53, 135, 180, 70, 113, 125, 128, 115, 66, 116, 56, 111, 113, 118, 67, 111, 119, 128, 3],
        [2, 59, 125, 133, 55, 125, 69, 115, 128, 111, 124, 121, 115, 128, 129, 66, 128, 114, 115, 128, 194, 129, 35, 3,
         32, 67, 111, 114, 34, 0, 180, 70, 121, 135, 60, 129, 53, 122, 131, 115, 3],
    ],
    "xlm-roberta": [
        [0, 4, 396, 418, 364, 36, 67, 417, 4, 418, 31, 410, 16, 31, 60, 3, 2, 2, 4, 10, 12, 42, 4, 417, 11, 418, 31,
         16, 4, 418, 397, 21, 28, 11, 396, 130, 414, 31, 2],
        [0, 4, 396, 418, 364, 36, 67, 417, 4, 418, 31, 410, 16, 31, 60, 3, 2, 2, 1, 4, 3, 42, 4, 417, 159, 12, 4, 414,
         417, 4, 10, 81, 415, 16, 2],
    ],
}
QUERY_TOKENS = 24  # of BERT's rows: type 0, all behind them type 1


def linear(name: str, out: int, width: int) -> dict[str, list[int]]:
    return {f"{name}.weight": [out, width], f"{name}.bias": [out]}


def norm(name: str) -> dict[str, list[int]]:
    return {f"{name}.weight": [HIDDEN], f"{name}.bias": [HIDDEN]}


def shapes(family: str) -> dict[str, list[int]]:
    prefix = "bert" if family == "bert" else "roberta"
    tables = f"{prefix}.embeddings"
    found = {
        f"{tables}.word_embeddings.weight": [VOCABULARY, HIDDEN],
        f"{tables}.position_embeddings.weight": [POSITIONS, HIDDEN],
        f"{tables}.token_type_embeddings.weight": [TYPES, HIDDEN],
        **norm(f"{tables}.LayerNorm"),
    }
    for i in range(LAYERS):
        layer = f"{prefix}.encoder.layer.{i}"
        for part in ("query", "key", "value"):
            found |= linear(f"{layer}.attention.self.{part}", HIDDEN, HIDDEN)
        found |= linear(f"{layer}.attention.output.dense", HIDDEN, HIDDEN)
        found |= norm(f"{layer}.attention.output.LayerNorm")
        found |= linear(f"{layer}.intermediate.dense", INTERMEDIATE, HIDDEN)
        found |= linear(f"{layer}.output.dense", HIDDEN, INTERMEDIATE)
        found |= norm(f"{layer}.output.LayerNorm")
    is_bert = family == "bert"
    found |= linear("bert.pooler.dense" if is_bert else "classifier.dense", HIDDEN, HIDDEN)
    return found | linear("classifier" if is_bert else "classifier.out_proj", 1, HIDDEN)


def weights(family: str) -> dict[str, np.ndarray]:
    state, made = 1, {}
    for name, shape in shapes(family).items():
        mean = 1 if name.endswith("LayerNorm.weight") else 0
        values = np.empty(int(np.prod(shape)))
        for i in range(len(values)):
            state = state * 48271 % 2147483647
            values[i] = mean + 0.6 * (state / 2147483647 - 0.5)
        made[name] = values.astype(np.float32).reshape(shape)
    return made


def config(family: str, **entries: object) -> dict[str, object]:
    architecture = "BertForSequenceClassification" if family == "bert" else "XLMRobertaForSequenceClassification"
    return {
        "architectures": [architecture],
        "model_type": family,
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": INTERMEDIATE,
        "id2label": {"0": "LABEL_0"},
        **entries,
    }


def score(folder: Path, family: str) -> list[float]:
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    logits = []
    for row in ROWS[family]:
        types = [0] * len(row) if family != "bert" else [0] * QUERY_TOKENS + [1] * (len(row) - QUERY_TOKENS)
        ids = torch.tensor([row])
        with torch.no_grad():
            output = model(input_ids=ids, token_type_ids=torch.tensor([types]), attention_mask=torch.ones_like(ids))
        logits.append(round(output.logits.item(), 6))
    return logits


def main() -> int:
    logging.disable(logging.WARNING)
    print(f"transformers {transformers.__version__}")
    for family in ROWS:
        tensors = weights(family)
        # What else the values tell apart: they differ from those under another entry.
        for name, entries in {
            "left out": {},
            "layer_norm_eps 1e-3": {"layer_norm_eps": 1e-3},
            "pad_token_id 5": {"pad_token_id": 5},
        }.items():
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "config.json").write_text(json.dumps(config(family, **entries)))
                save_file(tensors, Path(folder) / "model.safetensors", metadata={"format": "pt"})
                print(family, name, score(Path(folder), family))
    return 0


if __name__ == "__main__":
    sys.exit(main())
