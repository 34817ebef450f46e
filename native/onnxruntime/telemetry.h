#pragma once

namespace bge::onnxruntime {

// ONNX Runtime 1.30 reports sessions to its maker: a thread of its own looks up and calls a host on
// the internet, keeps a database in the user's cache folder and leaves a log in the temporary
// folder for each process. This tells it not to, unless ORT_DISABLE_TELEMETRY is set already.
//
// Changes the process's environment, so call it on the thread that owns the environment and before
// the first Runtime is opened.
void disable_telemetry() noexcept;

}  // namespace bge::onnxruntime
