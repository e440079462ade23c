// The optimiser over flat buffers: one pass each for Adam (Kingma & Ba 2015, as torch.optim.Adam computes it) and for the
// moving average of the weights. Element-wise, so their bits do not depend on the number of threads.
#pragma once

#include <ATen/core/Tensor.h>

#include "flat_kernel.h"

namespace atelier::flat_optimizer {

struct Adam {
    double lr, beta1, beta2, epsilon;
    int64_t step;           // 1 for the first
    double gradient_scale;  // the gradient is multiplied by it first; then NaN → 0, ±∞ → ±1e5, both counted
};

// All [n], contiguous, of one floating type. Changes parameters and moments in place.
NonFinite adam_step(at::Tensor& parameters, const at::Tensor& gradient, at::Tensor& first_moment, at::Tensor& second_moment, const Adam& adam);
NonFinite adam_step_reference(at::Tensor& parameters, const at::Tensor& gradient, at::Tensor& first_moment, at::Tensor& second_moment, const Adam& adam);

// ema ← parameters + beta·(ema − parameters)
void average(at::Tensor& ema, const at::Tensor& parameters, double beta);

}  // namespace atelier::flat_optimizer
