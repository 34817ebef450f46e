"""fastembed's TextCrossEncoder with the same local model files."""

import threading

import fastembed
from fastembed.common.model_description import ModelSource
from fastembed.rerank.cross_encoder import TextCrossEncoder

NAME = "bench/model"


class Peer:
    def __init__(self, job: dict):
        model = job["model"]
        TextCrossEncoder.add_custom_model(NAME, sources=ModelSource(hf=NAME), model_file=model["file"])
        self._encoder = TextCrossEncoder(NAME, threads=job["threads"], specific_model_path=model["folder"])
        # One batch at a time, as a server around it would have it.
        self._turn = threading.Lock()
        self.versions = {"fastembed": fastembed.__version__}
        self.settings = {"threads": job["threads"]}

    def rerank(self, request: dict) -> list[float]:
        with self._turn:
            return list(self._encoder.rerank(request["query"], request["contexts"]))
