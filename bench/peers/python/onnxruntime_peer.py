"""Python onnxruntime by hand: all pairs of a request in one padded run, sorted batches, or one pair a run."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy
import onnxruntime
import tokenizers
from pair_tokenizer import PairTokenizer

SORTED_BATCH = 8


class Peer:
    def __init__(self, job: dict):
        self._batching = job["options"]["batching"]
        threads = job["threads"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1 if self._batching == "one" else threads
        options.inter_op_num_threads = 1
        model = job["model"]["onnx"]
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._inputs = [value.name for value in self._session.get_inputs()]
        self._tokenizer = PairTokenizer(job["model"])
        self._pool = ThreadPoolExecutor(threads)
        # A run with all cores in it: the next waits, as in a server that runs one batch at a time.
        self._turn = threading.Lock()
        self.versions = {"onnxruntime": onnxruntime.__version__, "tokenizers": tokenizers.__version__}
        self.settings = {"batching": self._batching, "threads": threads}

    def _run(self, encodings: list) -> numpy.ndarray:
        columns = self._tokenizer.padded(encodings)
        return self._session.run(None, {name: columns[name] for name in self._inputs})[0].reshape(-1)

    def _run_sorted(self, encodings: list) -> numpy.ndarray:
        order = sorted(range(len(encodings)), key=lambda i: len(encodings[i].ids))
        logits = numpy.empty(len(encodings), numpy.float32)
        for start in range(0, len(order), SORTED_BATCH):
            rows = order[start : start + SORTED_BATCH]
            logits[rows] = self._run([encodings[i] for i in rows])
        return logits

    def rerank(self, request: dict) -> numpy.ndarray:
        encodings = self._tokenizer.encode(request)
        if self._batching == "one":
            return numpy.concatenate(list(self._pool.map(lambda encoding: self._run([encoding]), encodings)))
        with self._turn:
            return self._run(encodings) if self._batching == "padded" else self._run_sorted(encodings)
