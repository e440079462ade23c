// The op itself: a plan (plan.h) on its own, differentiable twice. x [N, I, H, W], w [O, I/groups, kh, kw].
#pragma once

#include "plan.h"

namespace atelier::conv2d_resample {

at::Tensor apply(const at::Tensor& x, const at::Tensor& w, const at::Tensor& filter, const Arguments& arguments);

}  // namespace atelier::conv2d_resample
