"""OpenVINO's CPU plugin: one pair a request, as many streams as cores."""

from concurrent.futures import ThreadPoolExecutor

import numpy
import openvino
from pair_tokenizer import PairTokenizer


class Peer:
    def __init__(self, job: dict):
        threads = job["threads"]
        precision = job["options"]["precision"]
        settings = {
            "NUM_STREAMS": threads,
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": precision,
        }
        compiled = openvino.Core().compile_model(job["model"]["onnx"], "CPU", settings)
        self._inputs = [port.get_any_name() for port in compiled.inputs]
        self._tokenizer = PairTokenizer(job["model"])
        self._free = [compiled.create_infer_request() for _ in range(threads)]
        self._pool = ThreadPoolExecutor(threads)
        self.versions = {"openvino": openvino.__version__}
        self.settings = {"streams": threads, "precision": precision}

    def _run(self, encoding) -> float:
        columns = self._tokenizer.padded([encoding])
        # As many requests as the pool has threads: one is always free.
        infer = self._free.pop()
        try:
            infer.infer({name: columns[name] for name in self._inputs})
            return float(infer.get_output_tensor(0).data.reshape(-1)[0])
        finally:
            self._free.append(infer)

    def rerank(self, request: dict) -> numpy.ndarray:
        return numpy.array(list(self._pool.map(self._run, self._tokenizer.encode(request))))
