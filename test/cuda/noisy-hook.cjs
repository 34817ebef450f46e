// A host's hook that must not reach the test process: it would end it.
if (process.env.BGE_RERANKER_CUDA_PROBE !== undefined) process.exit(7);
