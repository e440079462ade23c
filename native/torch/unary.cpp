// Pointwise functions of one tensor.
#include "abi.h"

#include <ATen/ops/elu.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/round.h>
#include <ATen/ops/selu.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softplus.h>

using namespace atorch;

ATORCH_UNARY(abs)
ATORCH_UNARY(acos)
ATORCH_UNARY(asin)
ATORCH_UNARY(atan)
ATORCH_UNARY(ceil)
ATORCH_UNARY(cos)
ATORCH_UNARY(erf)
ATORCH_UNARY(exp)
ATORCH_UNARY(expm1)
ATORCH_UNARY(floor)
ATORCH_UNARY(frac)
ATORCH_UNARY(isfinite)
ATORCH_UNARY(isinf)
ATORCH_UNARY(isnan)
ATORCH_UNARY(log)
ATORCH_UNARY(log10)
ATORCH_UNARY(log1p)
ATORCH_UNARY(log2)
ATORCH_UNARY(logical_not)
ATORCH_UNARY(bitwise_not)
ATORCH_UNARY(neg)
ATORCH_UNARY(reciprocal)
ATORCH_UNARY(relu)
ATORCH_UNARY(rsqrt)
ATORCH_UNARY(sigmoid)
ATORCH_UNARY(sign)
ATORCH_UNARY(sin)
ATORCH_UNARY(sqrt)
ATORCH_UNARY(square)
ATORCH_UNARY(tan)
ATORCH_UNARY(tanh)
ATORCH_UNARY(trunc)
ATORCH_UNARY_AS(gelu, at::gelu(*self))
ATORCH_UNARY_AS(log_sigmoid, at::log_sigmoid(*self))
ATORCH_UNARY_AS(selu, at::selu(*self))
ATORCH_UNARY_AS(silu, at::silu(*self))

ATORCH_UNARY_INPLACE(abs_)
ATORCH_UNARY_INPLACE(ceil_)
ATORCH_UNARY_INPLACE(cos_)
ATORCH_UNARY_INPLACE(exp_)
ATORCH_UNARY_INPLACE(floor_)
ATORCH_UNARY_INPLACE(log_)
ATORCH_UNARY_INPLACE(neg_)
ATORCH_UNARY_INPLACE(reciprocal_)
ATORCH_UNARY_INPLACE(relu_)
ATORCH_UNARY_INPLACE(rsqrt_)
ATORCH_UNARY_INPLACE(sigmoid_)
ATORCH_UNARY_INPLACE(sign_)
ATORCH_UNARY_INPLACE(sin_)
ATORCH_UNARY_INPLACE(sqrt_)
ATORCH_UNARY_INPLACE(tanh_)
ATORCH_UNARY_INPLACE(trunc_)

ATORCH int atorch_selu_(at::Tensor* self) {
    return guarded("selu_", {self}, [&] { at::selu_(*self); });
}

ATORCH int atorch_silu_(at::Tensor* self) {
    return guarded("silu_", {self}, [&] { at::silu_(*self); });
}

ATORCH int atorch_leaky_relu(const at::Tensor* self, Number negative_slope, at::Tensor** result) {
    return guarded("leaky_relu", {self}, [&] { *result = give(at::leaky_relu(*self, negative_slope.scalar())); });
}

ATORCH int atorch_leaky_relu_(at::Tensor* self, Number negative_slope) {
    return guarded("leaky_relu_", {self}, [&] { at::leaky_relu_(*self, negative_slope.scalar()); });
}

ATORCH int atorch_elu(const at::Tensor* self, double alpha, at::Tensor** result) {
    return guarded("elu", {self}, [&] { *result = give(at::elu(*self, alpha)); });
}

ATORCH int atorch_elu_(at::Tensor* self, double alpha) {
    return guarded("elu_", {self}, [&] { at::elu_(*self, alpha); });
}

ATORCH int atorch_softplus(const at::Tensor* self, double beta, double threshold, at::Tensor** result) {
    return guarded("softplus", {self}, [&] { *result = give(at::softplus(*self, beta, threshold)); });
}

ATORCH int atorch_round(const at::Tensor* self, int64_t decimals, at::Tensor** result) {
    return guarded("round", {self}, [&] { *result = give(decimals == 0 ? self->round() : self->round(decimals)); });
}

ATORCH int atorch_round_(at::Tensor* self, int64_t decimals) {
    return guarded("round_", {self}, [&] { decimals == 0 ? self->round_() : self->round_(decimals); });
}

namespace {

c10::optional<double> real_or_none(Number number) {
    return number.kind == Number::none ? c10::optional<double>() : c10::optional<double>(number.scalar().toDouble());
}

}  // namespace

ATORCH int atorch_nan_to_num(const at::Tensor* self, double nan, Number posinf, Number neginf, at::Tensor** result) {
    return guarded("nan_to_num", {self}, [&] {
        *result = give(self->nan_to_num(nan, real_or_none(posinf), real_or_none(neginf)));
    });
}

ATORCH int atorch_nan_to_num_(at::Tensor* self, double nan, Number posinf, Number neginf) {
    return guarded("nan_to_num_", {self}, [&] { self->nan_to_num_(nan, real_or_none(posinf), real_or_none(neginf)); });
}

ATORCH int atorch_clamp(const at::Tensor* self, Number min, Number max, at::Tensor** result) {
    return guarded("clamp", {self}, [&] { *result = give(self->clamp(min.optional(), max.optional())); });
}

ATORCH int atorch_clamp_(at::Tensor* self, Number min, Number max) {
    return guarded("clamp_", {self}, [&] { self->clamp_(min.optional(), max.optional()); });
}
