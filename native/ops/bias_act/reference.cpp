#include <ATen/TensorOperators.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/elu.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/selu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/tanh.h>

#include "bias_act.h"

namespace atelier::bias_act {

static at::Tensor activate(const at::Tensor& x, const Arguments& a) {
    switch (a.activation) {
        case Activation::linear: return x;
        case Activation::relu: return at::relu(x);
        case Activation::leaky_relu: return at::leaky_relu(x, a.alpha);
        case Activation::tanh: return at::tanh(x);
        case Activation::sigmoid: return at::sigmoid(x);
        case Activation::elu: return at::elu(x);
        case Activation::selu: return at::selu(x);
        case Activation::softplus: return at::softplus(x);
        case Activation::swish: return at::sigmoid(x) * x;
    }
    TORCH_CHECK(false, "bias_act: unknown activation ", static_cast<int>(a.activation));
}

at::Tensor reference(const at::Tensor& x, const at::Tensor& b, const Arguments& a) {
    at::Tensor y = x;
    if (b.defined()) {
        std::vector<int64_t> shape(x.dim(), 1);
        shape[a.dim] = -1;
        y = y + b.reshape(shape);
    }
    y = activate(y, a);
    if (a.gain != 1) y = y * a.gain;
    return a.clamp >= 0 ? at::clamp(y, -a.clamp, a.clamp) : y;
}

}  // namespace atelier::bias_act
