// An ordinary convolution layer, as in the discriminator: clamp(act(conv2d_resample(x, w·weight_gain) + b)·gain), with
// padding kernel/2, correlating (flip_weight) unless it goes up. x [N, I, H, W], w [O, I, k, k], b [O] or undefined.
#pragma once

#include <ATen/core/Tensor.h>

#include "../bias_act/bias_act.h"

namespace atelier::conv_layer {

at::Tensor apply(const at::Tensor& x, const at::Tensor& w, double weight_gain, const at::Tensor& bias, const at::Tensor& filter, int64_t up, int64_t down,
                 const bias_act::Arguments& activation);
at::Tensor reference(const at::Tensor& x, const at::Tensor& w, double weight_gain, const at::Tensor& bias, const at::Tensor& filter, int64_t up,
                     int64_t down, const bias_act::Arguments& activation);

}  // namespace atelier::conv_layer
