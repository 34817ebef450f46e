#!/usr/bin/env python3
"""Makes a model of bge-reranker-base's exact shape with random weights, for tests and benchmarks of the real size.

  pip install -r requirements-xlmr.txt
  make-xlmr-base.py --tokenizer TOKENIZER_JSON --out FOLDER [--seed 0]

TOKENIZER_JSON is bge-reranker-base's own file. FOLDER gets the Hugging Face layout: config.json, tokenizer.json,
tokenizer_config.json, model.safetensors, onnx/model.onnx (fp32) and onnx/model_quantized.onnx (dynamic int8, one
scale per tensor, as the converters of Optimum and transformers.js make it).

The scores mean nothing. But they differ between pairs as a trained model's do: the initialisation of a fresh model
gives every pair nearly the same logit, and a parity test on it would pass whatever the code did.
"""
import argparse
import json
import math
import shutil
from pathlib import Path

import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import XLMRobertaConfig, XLMRobertaForSequenceClassification

HIDDEN = 768
# Standard deviations of the weights. Attention logits spread by about 2, so that a token attends to few tokens and
# pairs differ by more than quantization's error: int8 and fp32 logits correlate by 0.998 (0.945 at half of both).
QUERY_KEY_STD = 1.4 / math.sqrt(HIDDEN)
SUBLAYER_STD = 1.0 / math.sqrt(HIDDEN)
# What the logits of CALIBRATION_PAIRS random pairs are scaled to; bge-reranker-base answers -10 to 10.
LOGIT_STD = 4.0
CALIBRATION_PAIRS = 64
FIRST_ORDINARY_TOKEN = 4


def make_config() -> XLMRobertaConfig:
    return XLMRobertaConfig(
        vocab_size=250002,
        hidden_size=HIDDEN,
        num_hidden_layers=12,
        num_attention_heads=12,
        intermediate_size=3072,
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
        num_labels=1,
        id2label={0: "LABEL_0"},
        label2id={"LABEL_0": 0},
        architectures=["XLMRobertaForSequenceClassification"],
        attn_implementation="eager",
    )


def spread_weights(model: XLMRobertaForSequenceClassification, generator: torch.Generator) -> None:
    for name, parameter in model.named_parameters():
        if "LayerNorm.weight" in name:
            parameter.normal_(1.0, 0.1, generator=generator)
        elif name.endswith(".bias"):
            parameter.normal_(0.0, 0.02, generator=generator)
        elif "embeddings" in name:
            # Words over positions: two pairs of the same length must not look alike.
            parameter.normal_(0.0, 0.1 if "word" in name else 0.03, generator=generator)
        elif "self.query" in name or "self.key" in name:
            parameter.normal_(0.0, QUERY_KEY_STD, generator=generator)
        elif "output.dense" in name:
            parameter.normal_(0.0, SUBLAYER_STD * math.sqrt(HIDDEN / parameter.shape[1]), generator=generator)
        else:
            parameter.normal_(0.0, 1.0 / math.sqrt(parameter.shape[1]), generator=generator)


def random_pairs(generator: torch.Generator) -> list[torch.Tensor]:
    """Token ids of pairs with 16 to 512 tokens: <s> query </s></s> passage </s>."""
    pairs = []
    for _ in range(CALIBRATION_PAIRS):
        length = int(torch.randint(16, 513, (1,), generator=generator))
        ids = torch.randint(FIRST_ORDINARY_TOKEN, 250001, (1, length), generator=generator)
        ids[0, 0], ids[0, 8], ids[0, 9], ids[0, -1] = 0, 2, 2, 2
        pairs.append(ids)
    return pairs


def calibrate(model: XLMRobertaForSequenceClassification, generator: torch.Generator) -> None:
    """Scales the last layer so that logits have mean 0 and LOGIT_STD over random pairs."""
    head = model.classifier.out_proj
    logits = torch.cat([model(ids, torch.ones_like(ids)).logits[0] for ids in random_pairs(generator)])
    scale = LOGIT_STD / logits.std()
    head.weight.mul_(scale)
    head.bias.copy_((head.bias - logits.mean()) * scale)


def export_fp32(model: XLMRobertaForSequenceClassification, path: Path) -> None:
    ids = torch.full((2, 16), FIRST_ORDINARY_TOKEN)
    axes = {0: "batch_size", 1: "sequence_length"}
    torch.onnx.export(
        model,
        (ids, torch.ones_like(ids)),
        str(path),
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "logits": {0: "batch_size"}},
        opset_version=14,
        # The tracing exporter names nodes and weights as the published models have them.
        dynamo=False,
    )


def export_int8(fp32: Path, int8: Path) -> None:
    quantize_dynamic(
        str(fp32),
        str(int8),
        weight_type=QuantType.QInt8,
        per_channel=False,
        reduce_range=False,
        extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True},
    )


def largest_difference(model: XLMRobertaForSequenceClassification, path: Path, pairs: list[torch.Tensor]) -> float:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    worst = 0.0
    for ids in pairs:
        mask = torch.ones_like(ids)
        got = session.run(None, {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})[0][0, 0]
        worst = max(worst, abs(float(got) - model(ids, mask).logits.item()))
    return worst


def write_tokenizer_files(tokenizer: Path, out: Path) -> None:
    shutil.copyfile(tokenizer, out / "tokenizer.json")
    special = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>"}
    special |= {"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"}
    (out / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n")
    config = {"tokenizer_class": "XLMRobertaTokenizer", "model_max_length": 512, **special}
    (out / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    generator = torch.Generator().manual_seed(options.seed)
    model = XLMRobertaForSequenceClassification(make_config()).eval()
    onnx_folder = options.out / "onnx"
    onnx_folder.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        spread_weights(model, generator)
        calibrate(model, generator)
        model.save_pretrained(options.out)
        write_tokenizer_files(options.tokenizer, options.out)
        export_fp32(model, onnx_folder / "model.onnx")
        export_int8(onnx_folder / "model.onnx", onnx_folder / "model_quantized.onnx")
        pairs = random_pairs(generator)[:8]
        print("logits", [round(model(ids, torch.ones_like(ids)).logits.item(), 3) for ids in pairs])
        for name in ("model.onnx", "model_quantized.onnx"):
            print(name, "largest difference to PyTorch", largest_difference(model, onnx_folder / name, pairs))


if __name__ == "__main__":
    main()
