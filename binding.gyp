{
  "targets": [
    {
      "target_name": "bge_reranker",
      "type": "none",
      "actions": [
        {
          "action_name": "build with CMakeLists.txt, the one build description",
          "inputs": ["CMakeLists.txt"],
          "outputs": ["build/Release/bge_reranker.node"],
          "action": ["npm", "run", "build:native"]
        }
      ]
    }
  ]
}
