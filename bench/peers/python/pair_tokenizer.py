"""Pairs as every peer must see them, for the peers that leave tokenizing to the caller."""

import json
from pathlib import Path

import numpy
from tokenizers import Tokenizer


class PairTokenizer:
    def __init__(self, model: dict):
        folder = Path(model["folder"])
        self._pad_id = json.loads((folder / "config.json").read_text(encoding="utf-8"))["pad_token_id"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(model["maxLength"], strategy="longest_first")

    def encode(self, request: dict) -> list:
        return self._tokenizer.encode_batch([(request["query"], text) for text in request["contexts"]])

    def padded(self, encodings: list) -> dict[str, numpy.ndarray]:
        """[len(encodings), longest] int64, by the input's name."""
        shape = (len(encodings), max(len(encoding.ids) for encoding in encodings))
        columns = {
            "input_ids": numpy.full(shape, self._pad_id, numpy.int64),
            "attention_mask": numpy.zeros(shape, numpy.int64),
            "token_type_ids": numpy.zeros(shape, numpy.int64),
        }
        for row, encoding in enumerate(encodings):
            length = len(encoding.ids)
            columns["input_ids"][row, :length] = encoding.ids
            columns["attention_mask"][row, :length] = 1
            columns["token_type_ids"][row, :length] = encoding.type_ids
        return columns
