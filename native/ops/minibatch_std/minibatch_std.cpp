#include "minibatch_std.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/sqrt.h>

#include <algorithm>

namespace atelier::minibatch_std {

at::Tensor apply(const at::Tensor& x, int64_t group, int64_t channels) {
    TORCH_CHECK(x.dim() == 4, "minibatch_std: x must be [N, C, H, W], it is ", x.sizes());
    const int64_t n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3);
    const int64_t size = group > 0 ? std::min(group, n) : n;
    TORCH_CHECK(channels >= 1 && c % channels == 0, "minibatch_std: ", channels, " channels do not divide those of x ", x.sizes());
    TORCH_CHECK(n % size == 0, "minibatch_std: groups of ", size, " do not divide the batch of x ", x.sizes());
    const at::Tensor grouped = x.reshape({size, n / size, channels, c / channels, h, w});
    const at::Tensor centred = grouped - grouped.mean(at::IntArrayRef{0}, true);
    const at::Tensor deviation = (centred * centred).mean(at::IntArrayRef{0}).add(1e-8).sqrt();  // [N/size, F, C/F, H, W]
    const at::Tensor averaged = deviation.mean(at::IntArrayRef{2, 3, 4});                          // [N/size, F]
    const at::Tensor planes = averaged.repeat({size, 1}).reshape({n, channels, 1, 1}).expand({n, channels, h, w});
    return at::cat({x, planes}, 1);
}

}  // namespace atelier::minibatch_std
