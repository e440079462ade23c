#include <ATen/TensorOperators.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/ones.h>

#include <cmath>

#include "fir.h"

namespace atelier::fir {

at::Tensor reference(const at::Tensor& x, const at::Tensor& filter, const Arguments& a) {
    const int64_t n = x.size(0), c = x.size(1), h = x.size(2), w = x.size(3);
    at::Tensor y = x.reshape({n, c, h, 1, w, 1});
    y = at::constant_pad_nd(y, {0, a.up_x - 1, 0, 0, 0, a.up_y - 1}).reshape({n, c, h * a.up_y, w * a.up_x});
    y = at::constant_pad_nd(y, {a.padding.left, a.padding.right, a.padding.top, a.padding.bottom});  // negative: crops
    at::Tensor f = (filter.defined() ? filter : at::ones({1, 1})).to(x.options());
    f = f * std::pow(a.gain, f.dim() / 2.0);
    if (!a.flip) f = f.flip(f.dim() == 1 ? at::IntArrayRef{0} : at::IntArrayRef{0, 1});
    const auto correlate = [&](const at::Tensor& image, const at::Tensor& taps) {
        const at::Tensor grouped = taps.expand({c, 1, taps.size(0), taps.size(1)});
        return at::convolution(image, grouped, {}, {1, 1}, {0, 0}, {1, 1}, false, {0, 0}, c);
    };
    y = f.dim() == 2 ? correlate(y, f) : correlate(correlate(y, f.unsqueeze(0)), f.unsqueeze(1));
    return y.slice(2, 0, y.size(2), a.down_y).slice(3, 0, y.size(3), a.down_x);
}

}  // namespace atelier::fir
