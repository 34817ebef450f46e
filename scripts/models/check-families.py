#!/usr/bin/env python3
"""Compares our own kernels with transformers and sentence-transformers, family by family.

  pip install 'torch>=2.9' 'transformers==5.24.*' 'sentence-transformers==6.2.*'
  npm run test:native -- --tests ModernBert       # builds bge_score_tokens too
  check-families.py [--family NAME ...] [--pairs 200] [--long 10] [--keep FOLDER]

Every family is made with random weights that spread as trained ones do (a fresh model gives every pair nearly the same
logit, and a check on it would pass whatever the code did), saved as its library saves it, and scored by both: pairs of 8
to 512 tokens, and of 2,048 and more where the model takes them. Exit code 1 where fp32 is off by more than 1e-4; the
errors of bf16 and int8 are told beside the spread of the logits.
"""
import argparse
import json
import math
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import torch
import references
import transformers
from safetensors.torch import save_file

SCORER = Path(__file__).parents[2] / "build/native-tests/test/native/bge_score_tokens"
FP32_TOLERANCE = 1e-4
LOGIT_STD = 4.0
CALIBRATION_PAIRS = 32

Logit = Callable[[torch.Tensor], float]


@dataclass
class Family:
    make: Callable[[Path, torch.Generator], Logit]
    """Saves a model into a folder and gives the function that scores ids [1, tokens] with it."""
    vocabulary: int
    max_tokens: int


def normal(parameter: torch.Tensor, std: float, generator: torch.Generator, mean: float = 0.0) -> None:
    parameter.data.normal_(mean, std, generator=generator)


def spread(model: torch.nn.Module, generator: torch.Generator, query_key_std: float = 1.4) -> None:
    """Products keep the size of what they multiply, so that no layer drowns the others; queries and keys a little more,
    so that a token attends to few tokens. Norms scale by about 1."""
    for name, parameter in model.named_parameters():
        if parameter.dim() == 1:
            is_scale = name.endswith("weight")
            normal(parameter, 0.1 if is_scale else 0.02, generator, 1.0 if is_scale else 0.0)
        elif "embed" in name:
            normal(parameter, 0.5, generator)
        else:
            std = 1.0 / math.sqrt(parameter.shape[1])
            normal(parameter, std, generator)
            if "Wqkv" in name:
                parameter.data[: 2 * parameter.shape[1]] *= query_key_std
            elif "query" in name or "key" in name:
                parameter.data *= query_key_std


def random_ids(vocabulary: int, tokens: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randint(5, vocabulary, (1, tokens), generator=generator)


def calibrate(output: torch.nn.Linear, logit: Logit, vocabulary: int, generator: torch.Generator) -> None:
    """Scales the last layer so that logits have mean 0 and LOGIT_STD over random pairs."""
    lengths = torch.randint(16, 400, (CALIBRATION_PAIRS,), generator=generator).tolist()
    logits = torch.tensor([logit(random_ids(vocabulary, length, generator)) for length in lengths])
    scale = LOGIT_STD / logits.std()
    output.weight.data.mul_(scale)
    if output.bias is not None:
        output.bias.data.copy_((output.bias.data - logits.mean()) * scale)


def modernbert_config(vocabulary: int, layers: int, hidden: int, heads: int, intermediate: int, **more: object):
    return transformers.ModernBertConfig(
        vocab_size=vocabulary,
        num_hidden_layers=layers,
        hidden_size=hidden,
        num_attention_heads=heads,
        intermediate_size=intermediate,
        max_position_embeddings=8192,
        pad_token_id=3,
        cls_token_id=1,
        bos_token_id=1,
        sep_token_id=2,
        eos_token_id=2,
        attn_implementation="eager",
        **more,
    )


def make_modernbert(*shape: int, **more: object) -> Family:
    config = modernbert_config(*shape, num_labels=1, **more)

    def make(folder: Path, generator: torch.Generator) -> Logit:
        model = transformers.ModernBertForSequenceClassification(config).eval()
        spread(model, generator)
        logit = lambda ids: model(ids, torch.ones_like(ids)).logits[0, 0].item()
        calibrate(model.classifier, logit, config.vocab_size, generator)
        model.save_pretrained(folder)
        return logit

    return Family(make, config.vocab_size, config.max_position_embeddings)


def make_deberta(vocabulary: int, layers: int, hidden: int, heads: int, intermediate: int, **more: object) -> Family:
    """As mxbai-rerank v1 is configured."""
    config = transformers.DebertaV2Config(
        vocab_size=vocabulary,
        num_hidden_layers=layers,
        hidden_size=hidden,
        num_attention_heads=heads,
        intermediate_size=intermediate,
        max_position_embeddings=512,
        type_vocab_size=0,
        relative_attention=True,
        position_buckets=256,
        norm_rel_ebd="layer_norm",
        share_att_key=True,
        pos_att_type="p2c|c2p",
        position_biased_input=False,
        num_labels=1,
        **more,
    )

    def make(folder: Path, generator: torch.Generator) -> Logit:
        model = transformers.DebertaV2ForSequenceClassification(config).eval()
        spread(model, generator)
        logit = lambda ids: model(ids, torch.ones_like(ids)).logits[0, 0].item()
        calibrate(model.classifier, logit, vocabulary, generator)
        model.save_pretrained(folder)
        return logit

    return Family(make, vocabulary, config.max_position_embeddings)


def save(folder: Path, config: dict[str, object], state: dict[str, torch.Tensor]) -> None:
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))


def make_reference(build: Callable[[], references.Model], shape: references.Shape, **more: object) -> Family:
    """A model of references.py, with the config.json of its repositories."""
    config = {
        "hidden_act": "gelu",
        "vocab_size": shape.vocabulary,
        "num_hidden_layers": shape.layers,
        "hidden_size": shape.hidden,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.intermediate,
        "layer_norm_eps": shape.epsilon,
        "max_position_embeddings": 8192,
        **more,
    }

    def make(folder: Path, generator: torch.Generator) -> Logit:
        model = build().eval()
        spread(model, generator)
        logit = lambda ids: model(ids[0]).item()
        calibrate(model.classifier, logit, shape.vocabulary, generator)
        save(folder, config, model.state_dict())
        return logit

    return Family(make, shape.vocabulary, 8192)


def make_gte(shape: references.Shape) -> Family:
    return make_reference(
        lambda: references.gte(shape, 20000.0, 8.0), shape, model_type="new",
        architectures=["NewForSequenceClassification"],
        auto_map={"AutoConfig": "Alibaba-NLP/new-impl--configuration.NewConfig"}, position_embedding_type="rope",
        rope_theta=20000.0, rope_scaling={"factor": 8.0, "type": "ntk"}, type_vocab_size=1, pack_qkv=True,
        layer_norm_type="layer_norm", logn_attention_scale=False)


def make_jina_bert(shape: references.Shape) -> Family:
    return make_reference(
        lambda: references.jina_bert(shape, 2), shape, model_type="bert",
        architectures=["JinaBertForSequenceClassification"],
        auto_map={"AutoConfig": "jinaai/jina-bert-implementation--configuration_bert.JinaBertConfig"},
        position_embedding_type="alibi", feed_forward_type="geglu", type_vocab_size=2)


def make_flash_xlmr(vocabulary: int, layers: int, hidden: int, heads: int, intermediate: int) -> Family:
    """transformers' XLM-RoBERTa with the names and the config.json of jina-reranker-v2."""
    shape = dict(vocab_size=vocabulary, num_hidden_layers=layers, hidden_size=hidden, num_attention_heads=heads,
                 intermediate_size=intermediate, max_position_embeddings=1026, type_vocab_size=1, pad_token_id=1,
                 layer_norm_eps=1e-5)
    config = transformers.XLMRobertaConfig(num_labels=1, attn_implementation="eager", **shape)

    def make(folder: Path, generator: torch.Generator) -> Logit:
        model = transformers.XLMRobertaForSequenceClassification(config).eval()
        spread(model, generator)
        logit = lambda ids: model(ids, torch.ones_like(ids)).logits[0, 0].item()
        calibrate(model.classifier.out_proj, logit, vocabulary, generator)
        entries = {
            "architectures": ["XLMRobertaForSequenceClassification"],
            "auto_map": {"AutoConfig": "configuration_xlm_roberta.XLMRobertaFlashConfig"},
            "hidden_act": "gelu",
            "position_embedding_type": "absolute",
            **shape,
        }
        save(folder, entries, references.flash_names(model.state_dict()))
        return logit

    return Family(make, vocabulary, 1024)


def make_sentence_transformer(pooling: str, *shape: int) -> Family:
    """As the Ettin rerankers are saved: a bare ModernBERT, Pooling, Dense, LayerNorm, Dense."""
    config = modernbert_config(*shape)
    width = config.hidden_size

    def make(folder: Path, generator: torch.Generator) -> Logit:
        from sentence_transformers.base.modules import Dense
        from sentence_transformers.sentence_transformer.modules import LayerNorm, Pooling

        base = transformers.ModernBertModel(config).eval()
        none = torch.nn.Identity()
        modules = torch.nn.ModuleList([
            Pooling(width, pooling),
            Dense(width, width, bias=False, activation_function=torch.nn.GELU()),
            LayerNorm(width),
            Dense(width, 1, activation_function=none, module_output_name="scores"),
        ])
        spread(base, generator)
        spread(modules, generator)

        def logit(ids: torch.Tensor) -> float:
            mask = torch.ones_like(ids)
            features = {"token_embeddings": base(ids, mask).last_hidden_state, "attention_mask": mask}
            for module in modules:
                features = module(features)
            return features["scores"][0, 0].item()

        calibrate(modules[3].linear, logit, config.vocab_size, generator)
        save_modules(folder, base, modules)
        return logit

    return Family(make, config.vocab_size, config.max_position_embeddings)


def save_modules(folder: Path, base: torch.nn.Module, modules: torch.nn.ModuleList) -> None:
    """modules.json and a folder a module, as CrossEncoder.save_pretrained() writes them."""
    base.save_pretrained(folder)
    entries = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"}]
    for i, module in enumerate(modules, 1):
        path = f"{i}_{type(module).__name__}"
        (folder / path).mkdir()
        module.save(str(folder / path))
        name = f"{type(module).__module__}.{type(module).__name__}"
        entries.append({"idx": i, "name": str(i), "path": path, "type": name})
    (folder / "modules.json").write_text(json.dumps(entries))


FAMILIES = {
    "modernbert-small": make_modernbert(2000, 6, 256, 4, 384),
    "modernbert-mean": make_modernbert(
        2000, 5, 192, 6, 320, classifier_pooling="mean", norm_bias=True, attention_bias=True, mlp_bias=True,
        classifier_bias=True, local_attention=32),
    "modernbert-150m": make_modernbert(50368, 22, 768, 12, 1152),
    "granite-r2": make_modernbert(50368, 22, 768, 12, 1152, classifier_pooling="mean"),
    "gte-small": make_gte(references.Shape(2000, 4, 192, 3, 320, 1e-12)),
    "gte-multilingual-reranker-base": make_gte(references.Shape(250048, 12, 768, 12, 3072, 1e-12)),
    "jina-bert-small": make_jina_bert(references.Shape(2000, 3, 192, 6, 256, 1e-12)),
    "jina-reranker-v1-tiny": make_jina_bert(references.Shape(61056, 4, 384, 12, 1536, 1e-12)),
    "jina-reranker-v1-turbo": make_jina_bert(references.Shape(61056, 6, 384, 12, 1536, 1e-12)),
    "jina-v2-small": make_flash_xlmr(2000, 3, 192, 3, 320),
    "jina-reranker-v2-base": make_flash_xlmr(250002, 12, 768, 12, 3072),
    "deberta-small": make_deberta(2000, 4, 192, 3, 320),
    "mxbai-rerank-xsmall": make_deberta(128100, 12, 384, 6, 1536),
    "mxbai-rerank-base": make_deberta(128100, 12, 768, 12, 3072),
    "mxbai-rerank-large": make_deberta(128100, 24, 1024, 16, 4096),
    "ettin-17m": make_sentence_transformer("cls", 50368, 7, 256, 4, 384),
    "ettin-32m": make_sentence_transformer("cls", 50368, 10, 384, 6, 576),
    "ettin-68m": make_sentence_transformer("cls", 50368, 19, 512, 8, 768),
    "ettin-150m": make_sentence_transformer("cls", 50368, 22, 768, 12, 1152),
    "ettin-mean": make_sentence_transformer("mean", 2000, 4, 256, 4, 384),
}


def score(folder: Path, dtype: str, pairs: list[torch.Tensor]) -> torch.Tensor:
    lines = "".join(" ".join(map(str, ids[0].tolist())) + "\n" for ids in pairs)
    command = [SCORER, folder, folder / "model.safetensors", dtype]
    result = subprocess.run(command, input=lines, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{folder}: {result.stderr}")
    return torch.tensor([float(line) for line in result.stdout.split()], dtype=torch.float64)


def check(name: str, family: Family, options: argparse.Namespace, root: Path) -> bool:
    generator = torch.Generator().manual_seed(options.seed)
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        logit = family.make(folder, generator)
        lengths = torch.randint(8, 513, (options.pairs,), generator=generator).tolist()
        if family.max_tokens >= 2048:
            longest = min(family.max_tokens, options.longest)
            lengths += torch.randint(2048, longest + 1, (options.long,), generator=generator).tolist()
        pairs = [random_ids(family.vocabulary, length, generator) for length in lengths]
        expected = torch.tensor([logit(ids) for ids in pairs], dtype=torch.float64)
    errors = {dtype: (score(folder, dtype, pairs) - expected).abs() for dtype in ("fp32", "bf16", "int8")}
    told = ", ".join(f"{dtype} {error.max():.2g} (rms {error.square().mean().sqrt():.2g})" for dtype, error in errors.items())
    print(f"{name}: {len(pairs)} pairs, logits spread by {expected.std():.2f}; largest error {told}", flush=True)
    return bool(errors["fp32"].max() <= FP32_TOLERANCE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", action="append", choices=FAMILIES)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--long", type=int, default=10)
    parser.add_argument("--longest", type=int, default=4096)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="where the models are to stay")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = options.keep or Path(temporary)
        results = [check(name, FAMILIES[name], options, root) for name in options.family or FAMILIES]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
