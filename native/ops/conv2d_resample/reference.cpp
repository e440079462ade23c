#include <ATen/ops/convolution.h>

#include "plan.h"

namespace atelier::conv2d_resample {

at::Tensor reference(const at::Tensor& x, const at::Tensor& w, const at::Tensor& filter, const Arguments& a) {
    const int64_t height = filter.defined() ? filter.size(0) : 1, width = filter.defined() ? filter.size(-1) : 1;
    fir::Padding p{a.padding, a.padding, a.padding, a.padding};
    if (a.up > 1) {
        p.left += (width + a.up - 1) / 2;
        p.right += (width - a.up) / 2;
        p.top += (height + a.up - 1) / 2;
        p.bottom += (height - a.up) / 2;
    }
    if (a.down > 1) {
        p.left += (width - a.down + 1) / 2;
        p.right += (width - a.down) / 2;
        p.top += (height - a.down + 1) / 2;
        p.bottom += (height - a.down) / 2;
    }
    at::Tensor y = fir::reference(x, a.up > 1 ? filter : at::Tensor(), {a.up, a.up, 1, 1, p, false, static_cast<double>(a.up * a.up)});
    y = at::convolution(y, a.flip_weight ? w : w.flip({2, 3}), {}, {1, 1}, {0, 0}, {1, 1}, false, {0, 0}, a.groups);
    return a.down > 1 ? fir::reference(y, filter, {1, 1, a.down, a.down, {}, false, 1}) : y;
}

}  // namespace atelier::conv2d_resample
