#include "onnxruntime/cut_session.h"

namespace bge::onnxruntime {
namespace {

constexpr const char* kWhat = "the graph's end cannot be edited";

// What one edit of a graph is made of. Parts are handed on as soon as they are complete, and the
// rest goes with this object.
class Edit {
 public:
  Edit(const Runtime& runtime, const OrtModelEditorApi& editor)
      : api_(runtime.api()), editor_(editor) {
    ok(editor_.CreateGraph(graph_.out()));
  }

  // `value` cast to float32 becomes the graph's only output; its shape is inferred.
  void set_output(const std::string& value) {
    int64_t to = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
    Handle<OrtOpAttr> attribute(api_.ReleaseOpAttr);
    ok(api_.CreateOpAttr("to", &to, 1, ORT_OP_ATTR_INT, attribute.out()));
    OrtOpAttr* attributes[] = {attribute.get()};
    const char* input = value.c_str();
    Handle<OrtNode> cast(api_.ReleaseNode);
    ok(editor_.CreateNode("Cast", "", kCutOutput, &input, 1, &kCutOutput, 1, attributes, 1,
                          cast.out()));
    // Its documentation speaks of a copy; what it has taken and freed, it sets to null.
    if (attributes[0] == nullptr) attribute.release();
    ok(editor_.AddNodeToGraph(graph_.get(), cast.get()));
    cast.release();

    Handle<OrtTensorTypeAndShapeInfo> tensor(api_.ReleaseTensorTypeAndShapeInfo);
    ok(api_.CreateTensorTypeAndShapeInfo(tensor.out()));
    ok(api_.SetTensorElementType(tensor.get(), ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT));
    Handle<OrtTypeInfo> type(api_.ReleaseTypeInfo);
    ok(editor_.CreateTensorTypeInfo(tensor.get(), type.out()));
    Handle<OrtValueInfo> output(api_.ReleaseValueInfo);
    ok(editor_.CreateValueInfo(kCutOutput, type.get(), output.out()));
    OrtValueInfo* outputs[] = {output.get()};
    ok(editor_.SetGraphOutputs(graph_.get(), outputs, 1));
    output.release();
  }

  OrtStatus* apply(OrtSession* session) {
    int opset = 0;
    if (OrtStatus* status = editor_.SessionGetOpsetForDomain(session, "", &opset)) return status;
    const char* domain = "";
    Handle<OrtModel> model(api_.ReleaseModel);
    ok(editor_.CreateModel(&domain, &opset, 1, model.out()));
    ok(editor_.AddGraphToModel(model.get(), graph_.get()));
    graph_.release();
    return editor_.ApplyModelToModelEditorSession(session, model.get());
  }

 private:
  void ok(OrtStatus* status) const { check(api_, status, ErrorCode::kInternal, kWhat); }

  const OrtApi& api_;
  const OrtModelEditorApi& editor_;
  Handle<OrtGraph> graph_{api_.ReleaseGraph};
};

}  // namespace

OrtStatus* create_cut_session(const Runtime& runtime, const std::filesystem::path& model_path,
                              const std::string& value, const OrtSessionOptions* options,
                              Handle<OrtSession>& session) {
  const OrtModelEditorApi* editor = runtime.api().GetModelEditorApi();
  if (editor == nullptr) {
    throw Error(ErrorCode::kRuntimeIncompatible,
                "this build of ONNX Runtime cannot leave out the activation at the model's end; "
                "use a full build, or export the model without it",
                runtime.library_path());
  }
  Edit edit(runtime, *editor);
  edit.set_output(value);
  OrtStatus* status =
      editor->CreateModelEditorSession(runtime.env(), model_path.c_str(), options, session.out());
  if (status == nullptr) status = edit.apply(session.get());
  if (status == nullptr)
    status = editor->FinalizeModelEditorSession(session.get(), options, nullptr);
  return status;
}

}  // namespace bge::onnxruntime
