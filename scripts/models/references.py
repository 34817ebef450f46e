"""Models whose code transformers does not have, written out in PyTorch from what their repositories publish: the oracles
of check-families.py. Parameters have the names of those repositories; one sequence at a time, without padding.

  GTE        Alibaba-NLP/new-impl (gte-multilingual-reranker-base)
  JinaBERT   jinaai/jina-bert-implementation (jina-reranker-v1)
  XLM-R      the names of jina-reranker-v2's own code, for weights of transformers' XLM-RoBERTa
"""
import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F


@dataclass
class Shape:
    vocabulary: int
    layers: int
    hidden: int
    heads: int
    intermediate: int
    epsilon: float


def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, heads: int, bias: torch.Tensor | float):
    """softmax(q k^T / sqrt(d) + bias) v of tensors [tokens, hidden]; the bias is [heads, tokens, tokens]."""
    tokens, hidden = query.shape
    split = lambda x: x.view(tokens, heads, hidden // heads).transpose(0, 1)
    scores = split(query) @ split(key).transpose(1, 2) / math.sqrt(hidden // heads) + bias
    return (scores.softmax(-1) @ split(value)).transpose(0, 1).reshape(tokens, hidden)


class Embeddings(nn.Module):
    def __init__(self, shape: Shape, types: int):
        super().__init__()
        self.word_embeddings = nn.Embedding(shape.vocabulary, shape.hidden)
        self.token_type_embeddings = nn.Embedding(types, shape.hidden)
        self.LayerNorm = nn.LayerNorm(shape.hidden, shape.epsilon)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.LayerNorm(self.word_embeddings(ids) + self.token_type_embeddings.weight[0])


class Model(nn.Module):
    """Embeddings, layers, BERT's pooler and a classifier: ids [tokens] to a logit."""

    def __init__(self, prefix: str, shape: Shape, types: int, layers: list[nn.Module]):
        super().__init__()
        encoder = nn.Module()
        encoder.layer = nn.ModuleList(layers)
        base = nn.Module()
        base.embeddings = Embeddings(shape, types)
        base.encoder = encoder
        base.pooler = nn.Module()
        base.pooler.dense = nn.Linear(shape.hidden, shape.hidden)
        setattr(self, prefix, base)
        self.base = [base]  # not a second name for its parameters
        self.classifier = nn.Linear(shape.hidden, 1)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        (base,) = self.base
        x = base.embeddings(ids)
        for layer in base.encoder.layer:
            x = layer(x)
        return self.classifier(torch.tanh(base.pooler.dense(x[0])))[0]


class GteAttention(nn.Module):
    def __init__(self, shape: Shape, theta: float, factor: float):
        super().__init__()
        self.heads = shape.heads
        self.qkv_proj = nn.Linear(shape.hidden, 3 * shape.hidden)
        self.o_proj = nn.Linear(shape.hidden, shape.hidden)
        width = shape.hidden // shape.heads
        exponents = torch.arange(0, width, 2).float() / width
        # "Fixed" NTK scaling: the base grows with the factor, and every frequency falls by its share of it.
        self.frequencies = (1.0 / (theta * factor) ** exponents) / factor ** (2 / width)

    def rotate(self, x: torch.Tensor) -> torch.Tensor:
        tokens, hidden = x.shape
        angles = torch.outer(torch.arange(tokens).float(), self.frequencies)[:, None, :]
        a, b = x.view(tokens, self.heads, -1).chunk(2, -1)
        turned = torch.cat([a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], -1)
        return turned.reshape(tokens, hidden)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = self.qkv_proj(x).chunk(3, -1)
        return self.o_proj(attend(self.rotate(query), self.rotate(key), value, self.heads, 0.0))


class GteLayer(nn.Module):
    def __init__(self, shape: Shape, theta: float, factor: float):
        super().__init__()
        self.attention = GteAttention(shape, theta, factor)
        self.mlp = nn.Module()
        self.mlp.up_gate_proj = nn.Linear(shape.hidden, 2 * shape.intermediate, bias=False)
        self.mlp.down_proj = nn.Linear(shape.intermediate, shape.hidden)
        self.attn_ln = nn.LayerNorm(shape.hidden, shape.epsilon)
        self.mlp_ln = nn.LayerNorm(shape.hidden, shape.epsilon)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.attn_ln(x + self.attention(x))
        up, gate = self.mlp.up_gate_proj(x).chunk(2, -1)
        return self.mlp_ln(x + self.mlp.down_proj(F.gelu(gate) * up))


def gte(shape: Shape, theta: float, factor: float) -> Model:
    return Model("new", shape, 1, [GteLayer(shape, theta, factor) for _ in range(shape.layers)])


def slopes(heads: int) -> list[float]:
    """Of attention with linear biases: a geometric series; beyond a power of two every other of twice as many."""
    power = 2 ** int(math.log2(heads))
    series = [2 ** (-8 * (i + 1) / power) for i in range(power)]
    return series if power == heads else series + slopes(2 * power)[::2][: heads - power]


class JinaBertLayer(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.heads = shape.heads
        self.attention = nn.Module()
        self.attention.self = nn.ModuleDict({n: nn.Linear(shape.hidden, shape.hidden) for n in ("query", "key", "value")})
        self.attention.output = nn.Module()
        self.attention.output.dense = nn.Linear(shape.hidden, shape.hidden)
        self.attention.output.LayerNorm = nn.LayerNorm(shape.hidden, shape.epsilon)
        self.mlp = nn.Module()
        self.mlp.gated_layers = nn.Linear(shape.hidden, 2 * shape.intermediate, bias=False)
        self.mlp.wo = nn.Linear(shape.intermediate, shape.hidden)
        self.mlp.layernorm = nn.LayerNorm(shape.hidden, shape.epsilon)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        places = torch.arange(len(x))
        bias = -torch.tensor(slopes(self.heads))[:, None, None] * (places[:, None] - places).abs()
        query, key, value = (self.attention.self[name](x) for name in ("query", "key", "value"))
        mixed = self.attention.output.dense(attend(query, key, value, self.heads, bias))
        x = self.attention.output.LayerNorm(x + mixed)
        gate, other = self.mlp.gated_layers(x).chunk(2, -1)
        return self.mlp.layernorm(x + self.mlp.wo(F.gelu(gate) * other))


def jina_bert(shape: Shape, types: int) -> Model:
    return Model("bert", shape, types, [JinaBertLayer(shape) for _ in range(shape.layers)])


def flash_names(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights of XLMRobertaForSequenceClassification by the names of jina-reranker-v2's code."""
    renamed = {
        ".embeddings.LayerNorm.": ".emb_ln.",
        ".encoder.layer.": ".encoder.layers.",
        ".attention.output.dense.": ".mixer.out_proj.",
        ".attention.output.LayerNorm.": ".norm1.",
        ".intermediate.dense.": ".mlp.fc1.",
        ".output.dense.": ".mlp.fc2.",
        ".output.LayerNorm.": ".norm2.",
    }
    out = {}
    for name, tensor in state.items():
        if ".attention.self.query." in name:
            parts = [state[name.replace("query", part)] for part in ("query", "key", "value")]
            name, tensor = name.replace(".attention.self.query.", ".mixer.Wqkv."), torch.cat(parts)
        elif ".attention.self." in name:
            continue
        for old, new in renamed.items():
            name = name.replace(old, new)
        out[name] = tensor
    return out
