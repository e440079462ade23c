// A fully connected layer with equalised learning rate: act((x·weight_gain)·wᵀ + b·bias_gain) with the activation's gain.
// The input is scaled, not the weight: [N, I] is smaller than [O, I]. x [N, I], w [O, I], b [O] or undefined.
#pragma once

#include <ATen/core/Tensor.h>

#include "../bias_act/bias_act.h"

namespace atelier::fully_connected {

at::Tensor apply(const at::Tensor& x, const at::Tensor& w, double weight_gain, const at::Tensor& bias, double bias_gain,
                 const bias_act::Arguments& activation);
at::Tensor reference(const at::Tensor& x, const at::Tensor& w, double weight_gain, const at::Tensor& bias, double bias_gain,
                     const bias_act::Arguments& activation);

}  // namespace atelier::fully_connected
