// The layer's gradient as a function of its own, so that it can be differentiated again.
#pragma once

#include <torch/csrc/autograd/custom_function.h>

#include "../abi/optional.h"
#include "layer.h"

namespace atelier::layer {

using abi::OptionalTensor;
using abi::some;
using abi::value;

// Which gradients somebody asked for.
struct Wanted {
    bool x = false, w = false, styles = false, scale = false, strength = false, bias = false;
};

// What the gradient needs and is not differentiated by.
struct Levels {
    at::Tensor y, noise, strength, bias;
};

struct Gradient {
    at::Tensor x, w, styles, scale, strength, bias;  // undefined where not wanted
};

Gradient gradient(const Config& config, const Wanted& wanted, const at::Tensor& dy, const Inputs& inputs, const at::Tensor& y);

}  // namespace atelier::layer
