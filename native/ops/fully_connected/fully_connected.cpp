#include "fully_connected.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>

namespace atelier::fully_connected {

at::Tensor apply(const at::Tensor& x, const at::Tensor& w, double weight_gain, const at::Tensor& bias, double bias_gain,
                 const bias_act::Arguments& activation) {
    TORCH_CHECK(x.dim() == 2 && w.dim() == 2 && x.size(1) == w.size(1), "fully_connected: weight ", w.sizes(), " does not fit x ", x.sizes());
    TORCH_CHECK(!bias.defined() || (bias.dim() == 1 && bias.size(0) == w.size(0)), "fully_connected: bias does not fit weight ", w.sizes());
    const at::Tensor input = weight_gain == 1 ? x : x * weight_gain;
    const at::Tensor offset = bias.defined() && bias_gain != 1 ? bias * bias_gain : bias;
    const bool plain = activation.activation == bias_act::Activation::linear && activation.gain == 1 && activation.clamp < 0;
    if (plain) return offset.defined() ? at::addmm(offset, input, w.t()) : at::mm(input, w.t());
    return bias_act::apply(at::mm(input, w.t()), offset, activation);
}

at::Tensor reference(const at::Tensor& x, const at::Tensor& w, double weight_gain, const at::Tensor& bias, double bias_gain,
                     const bias_act::Arguments& activation) {
    return bias_act::reference(at::matmul(x, (w * weight_gain).t()), bias.defined() ? bias * bias_gain : bias, activation);
}

}  // namespace atelier::fully_connected
