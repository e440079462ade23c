#include "conv_layer.h"

#include <ATen/TensorOperators.h>

#include "../abi/abi.h"
#include "../layer/layer.h"

namespace atelier::conv_layer {

static conv2d_resample::Arguments resample(const at::Tensor& w, int64_t up, int64_t down) { return {up, down, w.size(2) / 2, 1, up == 1}; }

at::Tensor apply(const at::Tensor& x, const at::Tensor& w, double weight_gain, const at::Tensor& bias, const at::Tensor& filter, int64_t up, int64_t down,
                 const bias_act::Arguments& activation) {
    TORCH_CHECK(x.dim() == 4 && w.dim() == 4 && w.size(1) == x.size(1), "conv_layer: weight ", w.sizes(), " does not fit x ", x.sizes());
    TORCH_CHECK(!bias.defined() || (bias.dim() == 1 && bias.size(0) == w.size(0)), "conv_layer: bias does not fit weight ", w.sizes());
    TORCH_CHECK(w.scalar_type() == x.scalar_type(), "conv_layer: weight is ", w.scalar_type(), ", x is ", x.scalar_type());
    if (!abi::has_kernels(x)) return reference(x, w, weight_gain, bias, filter, up, down, activation);
    const conv2d_resample::Plan plan(w, filter, resample(w, up, down));
    const bias_act::Slopes slopes = bias_act::slopes_of(activation);
    const at::Tensor scaled = w * weight_gain;
    if (!slopes) return bias_act::apply(layer::apply({plan}, {x, scaled, {}, {}, {}, {}, {}}), bias, activation);
    return layer::apply({plan, slopes.positive, slopes.negative, activation.clamp}, {x, scaled, {}, {}, {}, {}, bias});
}

at::Tensor reference(const at::Tensor& x, const at::Tensor& w, double weight_gain, const at::Tensor& bias, const at::Tensor& filter, int64_t up,
                     int64_t down, const bias_act::Arguments& activation) {
    return bias_act::reference(conv2d_resample::reference(x, w * weight_gain, filter, resample(w, up, down)), bias, activation);
}

}  // namespace atelier::conv_layer
