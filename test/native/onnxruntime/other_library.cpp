// A shared library that is no ONNX Runtime.
extern "C" int other_library_answer() { return 42; }
