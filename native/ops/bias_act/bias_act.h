// y = clamp(act(x + b)·gain, ±clamp), the published bias_act.
//
// Piecewise linear activations run as one pass forward and one backward: their slope is known from y, and the gradient is
// linear in dy and does not depend on x, so that two functions that are each other's derivative differentiate any number of times.
// The smooth activations, which no StyleGAN2 network uses, are the reference composition everywhere.
#pragma once

#include <ATen/core/Tensor.h>

namespace atelier::bias_act {

enum class Activation { linear, relu, leaky_relu, tanh, sigmoid, elu, selu, softplus, swish };

struct Arguments {
    int64_t dim = 1;  // of x, that the bias runs along
    Activation activation = Activation::linear;
    double alpha = 0;   // slope of leaky_relu below 0; unused by the others
    double gain = 1;
    double clamp = -1;  // negative: none
};

// The slopes above and below 0, gain included; empty (positive 0) where y does not tell which one was taken.
struct Slopes {
    double positive = 0, negative = 0;
    explicit operator bool() const { return positive > 0; }
};
Slopes slopes_of(const Arguments& arguments);

// x: any shape; b: [x.size(dim)] or undefined.
at::Tensor apply(const at::Tensor& x, const at::Tensor& b, const Arguments& arguments);
at::Tensor reference(const at::Tensor& x, const at::Tensor& b, const Arguments& arguments);

}  // namespace atelier::bias_act
