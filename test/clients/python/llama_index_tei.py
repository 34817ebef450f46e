"""LlamaIndex's reranker for text-embeddings-inference."""

import json
import os

from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.postprocessor.tei_rerank import TextEmbeddingInference

reranker = TextEmbeddingInference(
    base_url=os.environ["API_BASE_URL"], auth_token="Bearer " + os.environ["API_TOKEN"], model_name="any", top_n=2
)
nodes = [NodeWithScore(node=TextNode(text=text)) for text in json.loads(os.environ["TEXTS"])]
ranked = reranker.postprocess_nodes(nodes, query_str=os.environ["QUERY"])
print(json.dumps([node.text for node in ranked]))
