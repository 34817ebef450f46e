"""OpenVINO's CPU plugin: one pair a request, as many streams as cores, through its own queue of requests."""

import threading

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
        self._queue = openvino.AsyncInferQueue(compiled, threads)
        self._queue.set_callback(self._keep)
        # The queue is waited for as a whole, so it serves one caller at a time. (Requests of its own for every Python
        # thread would serve them side by side, but OpenVINO 2026.4 deadlocks on inputs set from several threads.)
        self._turn = threading.Lock()
        self.versions = {"openvino": openvino.__version__}
        self.settings = {"streams": threads, "precision": precision}

    @staticmethod
    def _keep(infer, place: tuple[numpy.ndarray, int]) -> None:
        logits, row = place
        logits[row] = infer.get_output_tensor(0).data.reshape(-1)[0]

    def rerank(self, request: dict) -> numpy.ndarray:
        encodings = self._tokenizer.encode(request)
        logits = numpy.empty(len(encodings), numpy.float32)
        with self._turn:
            for row, encoding in enumerate(encodings):
                columns = self._tokenizer.padded([encoding])
                self._queue.start_async({name: columns[name] for name in self._inputs}, (logits, row))
            self._queue.wait_all()
        return logits
