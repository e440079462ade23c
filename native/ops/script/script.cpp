#include "script.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <algorithm>
#include <sstream>

namespace atelier::script {

static std::string describe(const c10::FunctionSchema& schema) {
    std::ostringstream text;
    text << "forward(";
    for (size_t i = 1; i < schema.arguments().size(); i++) text << (i > 1 ? ", " : "") << schema.arguments()[i].name();
    text << ")";
    return text.str();
}

static bool takes(const c10::FunctionSchema& schema, const std::string& flag) {
    const auto& arguments = schema.arguments();
    return std::any_of(arguments.begin(), arguments.end(), [&](const c10::Argument& a) { return a.name() == flag && a.type()->kind() == c10::TypeKind::BoolType; });
}

std::unique_ptr<torch::jit::Module> load(const std::string& path, const std::string& device, const std::vector<std::string>& flags) {
    auto module = std::make_unique<torch::jit::Module>(torch::jit::load(path, c10::Device(device)));
    module->eval();
    const auto method = module->find_method("forward");
    TORCH_CHECK(method, "it has no forward");
    const auto& schema = method->function().getSchema();
    TORCH_CHECK(schema.arguments().size() > 1 && schema.arguments()[1].type()->kind() == c10::TypeKind::TensorType, "its ", describe(schema), " takes no image");
    for (const auto& flag : flags) TORCH_CHECK(takes(schema, flag), "its ", describe(schema), " takes no flag ", flag);
    return module;
}

at::Tensor forward(torch::jit::Module& module, const at::Tensor& x, const std::vector<Flag>& flags) {
    const at::NoGradGuard no_grad;
    const torch::jit::GraphOptimizerEnabledGuard as_saved(false);
    std::unordered_map<std::string, c10::IValue> keywords;
    for (const auto& flag : flags) keywords.emplace(flag.name, flag.value);
    const c10::IValue result = module.get_method("forward")({x}, keywords);
    TORCH_CHECK(result.isTensor(), "it returned ", result.tagKind(), " and not a tensor");
    return result.toTensor();
}

}  // namespace atelier::script
