#pragma once

namespace bge::binding {

// Keeps the addon in the process when Node closes it with the last worker_thread that used it: what
// it registered with the process, such as exit handlers, must not outlive its code. Linux and macOS
// need no call: there the file itself says so (-z nodelete, thread-local variables).
void stay_loaded() noexcept;

}  // namespace bge::binding
