// TorchScript modules called with keyword arguments, as the published feature detectors want it: forward(img, return_features=True).
// The calling convention of TorchSharp has positions only.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

namespace torch::jit {
struct Module;
}

namespace atelier::script {

struct Flag {
    std::string name;
    bool value;
};

// Loads a module for inference. Throws, naming the module's own signature, if its forward does not take an image and every flag in `flags`.
std::unique_ptr<torch::jit::Module> load(const std::string& path, const std::string& device, const std::vector<std::string>& flags);

// forward(x, **flags), without gradients. Every call computes the same way: the graph is interpreted as it was saved, because what the
// profiling executor makes of it after some calls may have other bits. Safe from several threads.
at::Tensor forward(torch::jit::Module& module, const at::Tensor& x, const std::vector<Flag>& flags);

}  // namespace atelier::script
