// Filters that the tests share.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>

namespace atelier::testing {

// The published resampling filter, [1,3,3,1] ⊗ [1,3,3,1] / 64.
inline at::Tensor binomial() {
    const at::Tensor taps = at::tensor({1.0, 3.0, 3.0, 1.0}, at::kDouble);
    return taps.outer(taps) / 64;
}

}  // namespace atelier::testing
