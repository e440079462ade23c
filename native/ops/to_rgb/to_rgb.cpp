#include "to_rgb.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/clamp.h>

#include "../bias_act/bias_act.h"
#include "../modulated_conv2d/modulated_conv2d.h"

namespace atelier::to_rgb {

at::Tensor apply(const at::Tensor& x, const at::Tensor& w, const at::Tensor& s, const at::Tensor& bias, double clamp) {
    TORCH_CHECK(x.dim() == 4 && w.dim() == 4 && w.size(1) == x.size(1) && w.size(2) == 1 && w.size(3) == 1, "to_rgb: weight ", w.sizes(),
                " does not fit x ", x.sizes());
    TORCH_CHECK(s.dim() == 2 && s.size(0) == x.size(0) && s.size(1) == x.size(1), "to_rgb: styles ", s.sizes(), " do not fit x ", x.sizes());
    TORCH_CHECK(bias.dim() == 1 && bias.size(0) == w.size(0), "to_rgb: bias ", bias.sizes(), " does not fit weight ", w.sizes());
    const int64_t n = x.size(0), i = x.size(1), h = x.size(2), width = x.size(3), c = w.size(0);
    const at::Tensor modulated = w.view({1, c, i}) * s.unsqueeze(1);  // [N, C, I]
    const at::Tensor y = at::baddbmm(bias.view({1, c, 1}), modulated, x.reshape({n, i, h * width})).view({n, c, h, width});
    return clamp >= 0 ? at::clamp(y, -clamp, clamp) : y;
}

at::Tensor reference(const at::Tensor& x, const at::Tensor& w, const at::Tensor& s, const at::Tensor& bias, double clamp) {
    const at::Tensor y = modulated_conv2d::reference(x, w, s, {}, {}, {1, 0, true, false});
    return bias_act::reference(y, bias, {1, bias_act::Activation::linear, 0, 1, clamp});
}

}  // namespace atelier::to_rgb
