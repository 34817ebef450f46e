"""sentence-transformers' CrossEncoder.rank on the PyTorch weights."""

import threading

import sentence_transformers
import torch
import transformers
from sentence_transformers import CrossEncoder


class Peer:
    def __init__(self, job: dict):
        torch.set_num_threads(job["threads"])
        self._encoder = CrossEncoder(job["model"]["folder"], device="cpu", max_length=job["model"]["maxLength"])
        # One batch at a time, as a server around it would have it.
        self._turn = threading.Lock()
        self.versions = {
            "sentence-transformers": sentence_transformers.__version__,
            "transformers": transformers.__version__,
            "torch": torch.__version__,
        }
        self.settings = {"threads": job["threads"]}

    def rerank(self, request: dict) -> list[float]:
        with self._turn:
            ranking = self._encoder.rank(request["query"], request["contexts"], activation_fn=torch.nn.Identity())
        logits = [0.0] * len(ranking)
        for entry in ranking:
            logits[entry["corpus_id"]] = float(entry["score"])
        return logits
