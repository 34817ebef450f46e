"""LiteLLM's own request code for six rerank servers, with an empty chunk among the documents."""

import json
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm  # noqa: E402

URL = os.environ["API_BASE_URL"]
DOCUMENTS = json.loads(os.environ["TEXTS"]) + [""]
# What it sends to vLLM it sends to infinity too, byte for byte: a server for vLLM's clients has the other turned off.
VLLM_URL = os.environ["VLLM_BASE_URL"]
SERVERS = {
    "huggingface/BAAI/bge-reranker-base": URL,
    "cohere/rerank-v3.5": URL,
    "jina_ai/jina-reranker-v2-base-multilingual": f"{URL}/v1/rerank",
    "infinity/rerank": URL,
    "hosted_vllm/rerank": VLLM_URL,
    "nvidia_nim/ranking/nvidia/llama-nemotron-rerank-1b-v2": URL,
}


def ranked(model, api_base):
    answer = litellm.rerank(
        model=model,
        query=os.environ["QUERY"],
        documents=DOCUMENTS,
        top_n=len(DOCUMENTS),
        api_base=api_base,
        api_key=os.environ["API_TOKEN"],
    )
    return [result["index"] for result in answer.results]


print(json.dumps({model: ranked(model, api_base) for model, api_base in SERVERS.items()}))
