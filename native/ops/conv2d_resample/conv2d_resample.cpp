#include "conv2d_resample.h"

#include "../abi/abi.h"
#include "../layer/layer.h"

namespace atelier::conv2d_resample {

at::Tensor apply(const at::Tensor& x, const at::Tensor& w, const at::Tensor& filter, const Arguments& a) {
    TORCH_CHECK(x.dim() == 4 && w.dim() == 4 && w.size(1) * a.groups == x.size(1) && w.size(0) % a.groups == 0, "conv2d_resample: weight ", w.sizes(),
                " in ", a.groups, " groups does not fit x ", x.sizes());
    TORCH_CHECK(w.scalar_type() == x.scalar_type(), "conv2d_resample: weight is ", w.scalar_type(), ", x is ", x.scalar_type());
    if (!abi::has_kernels(x)) return reference(x, w, filter, a);
    return layer::apply({Plan(w, filter, a)}, {x, w, {}, {}, {}, {}, {}});
}

}  // namespace atelier::conv2d_resample
