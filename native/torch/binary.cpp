// Pointwise functions of two or three tensors, or of a tensor and a number.
#include "abi.h"

#include <ATen/ops/rsub.h>
#include <ATen/ops/where.h>

using namespace atorch;

namespace {

c10::optional<c10::string_view> rounding(int32_t mode) {
    switch (mode) {
        case 1: return c10::optional<c10::string_view>("trunc");
        case 2: return c10::optional<c10::string_view>("floor");
        default: return c10::nullopt;
    }
}

}  // namespace

#define WITH_ALPHA(NAME)                                                                                   \
    ATORCH int atorch_##NAME(const at::Tensor* self, const at::Tensor* other, Number alpha, at::Tensor** result) { \
        return guarded(#NAME, {self, other}, [&] { *result = give(self->NAME(*other, alpha.scalar())); });  \
    }                                                                                                      \
    ATORCH int atorch_##NAME##_(at::Tensor* self, const at::Tensor* other, Number alpha) {                 \
        return guarded(#NAME "_", {self, other}, [&] { self->NAME##_(*other, alpha.scalar()); });          \
    }                                                                                                      \
    ATORCH int atorch_##NAME##_scalar(const at::Tensor* self, Number other, Number alpha, at::Tensor** result) { \
        return guarded(#NAME, {self}, [&] { *result = give(self->NAME(other.scalar(), alpha.scalar())); }); \
    }                                                                                                      \
    ATORCH int atorch_##NAME##__scalar(at::Tensor* self, Number other, Number alpha) {                     \
        return guarded(#NAME "_", {self}, [&] { self->NAME##_(other.scalar(), alpha.scalar()); });         \
    }

WITH_ALPHA(add)
WITH_ALPHA(sub)

ATORCH int atorch_rsub_scalar(const at::Tensor* self, Number other, at::Tensor** result) {
    return guarded("sub", {self}, [&] { *result = give(at::rsub(*self, other.scalar())); });
}

// As Python does: a number over a tensor is the reciprocal times the number.
ATORCH int atorch_rdiv_scalar(const at::Tensor* self, Number other, at::Tensor** result) {
    return guarded("div", {self}, [&] { *result = give(self->reciprocal().mul(other.scalar())); });
}

ATORCH_BINARY(mul)
ATORCH_BINARY_INPLACE(mul_)
ATORCH_SCALAR(mul)
ATORCH_SCALAR_INPLACE(mul_)

ATORCH int atorch_div(const at::Tensor* self, const at::Tensor* other, int32_t mode, at::Tensor** result) {
    return guarded("div", {self, other}, [&] { *result = give(self->div(*other, rounding(mode))); });
}

ATORCH int atorch_div_(at::Tensor* self, const at::Tensor* other, int32_t mode) {
    return guarded("div_", {self, other}, [&] { self->div_(*other, rounding(mode)); });
}

ATORCH int atorch_div_scalar(const at::Tensor* self, Number other, int32_t mode, at::Tensor** result) {
    return guarded("div", {self}, [&] { *result = give(self->div(other.scalar(), rounding(mode))); });
}

ATORCH int atorch_div__scalar(at::Tensor* self, Number other, int32_t mode) {
    return guarded("div_", {self}, [&] { self->div_(other.scalar(), rounding(mode)); });
}

ATORCH_BINARY(pow)
ATORCH_BINARY_INPLACE(pow_)
ATORCH_SCALAR(pow)
ATORCH_SCALAR_INPLACE(pow_)
ATORCH_BINARY(remainder)
ATORCH_BINARY_INPLACE(remainder_)
ATORCH_SCALAR(remainder)
ATORCH_SCALAR_INPLACE(remainder_)
ATORCH_BINARY(floor_divide)
ATORCH_SCALAR(floor_divide)
ATORCH_BINARY(maximum)
ATORCH_BINARY(minimum)
ATORCH_BINARY(atan2)

ATORCH_BINARY(eq)
ATORCH_BINARY(ne)
ATORCH_BINARY(lt)
ATORCH_BINARY(le)
ATORCH_BINARY(gt)
ATORCH_BINARY(ge)
ATORCH_SCALAR(eq)
ATORCH_SCALAR(ne)
ATORCH_SCALAR(lt)
ATORCH_SCALAR(le)
ATORCH_SCALAR(gt)
ATORCH_SCALAR(ge)

ATORCH_BINARY(logical_and)
ATORCH_BINARY(logical_or)
ATORCH_BINARY(logical_xor)
ATORCH_BINARY(bitwise_and)
ATORCH_BINARY(bitwise_or)
ATORCH_BINARY(bitwise_xor)

ATORCH int atorch_equal(const at::Tensor* self, const at::Tensor* other, Flag* result) {
    return guarded("equal", {self, other}, [&] { *result = self->equal(*other); });
}

ATORCH int atorch_allclose(const at::Tensor* self, const at::Tensor* other, double rtol, double atol, Flag equal_nan,
                           Flag* result) {
    return guarded("allclose", {self, other}, [&] { *result = self->allclose(*other, rtol, atol, equal_nan); });
}

ATORCH int atorch_isclose(const at::Tensor* self, const at::Tensor* other, double rtol, double atol, Flag equal_nan,
                          at::Tensor** result) {
    return guarded("isclose", {self, other}, [&] { *result = give(self->isclose(*other, rtol, atol, equal_nan)); });
}

ATORCH int atorch_clamp_tensor(const at::Tensor* self, const at::Tensor* min, const at::Tensor* max, at::Tensor** result) {
    return guarded("clamp", {self, min, max}, [&] { *result = give(self->clamp(maybe(min), maybe(max))); });
}

ATORCH int atorch_lerp(const at::Tensor* self, const at::Tensor* end, const at::Tensor* weight, at::Tensor** result) {
    return guarded("lerp", {self, end, weight}, [&] { *result = give(self->lerp(*end, *weight)); });
}

ATORCH int atorch_lerp_(at::Tensor* self, const at::Tensor* end, const at::Tensor* weight) {
    return guarded("lerp_", {self, end, weight}, [&] { self->lerp_(*end, *weight); });
}

#define WITH_VALUE(NAME)                                                                                      \
    ATORCH int atorch_##NAME(const at::Tensor* self, const at::Tensor* first, const at::Tensor* second, Number value, \
                             at::Tensor** result) {                                                           \
        return guarded(#NAME, {self, first, second},                                                          \
                       [&] { *result = give(self->NAME(*first, *second, value.scalar())); });                 \
    }                                                                                                         \
    ATORCH int atorch_##NAME##_(at::Tensor* self, const at::Tensor* first, const at::Tensor* second, Number value) { \
        return guarded(#NAME "_", {self, first, second}, [&] { self->NAME##_(*first, *second, value.scalar()); }); \
    }

WITH_VALUE(addcmul)
WITH_VALUE(addcdiv)

ATORCH int atorch_where(const at::Tensor* condition, const at::Tensor* x, const at::Tensor* y, at::Tensor** result) {
    return guarded("where", {condition, x, y}, [&] { *result = give(at::where(*condition, *x, *y)); });
}

ATORCH int atorch_masked_fill(const at::Tensor* self, const at::Tensor* mask, Number value, at::Tensor** result) {
    return guarded("masked_fill", {self, mask}, [&] { *result = give(self->masked_fill(*mask, value.scalar())); });
}

ATORCH int atorch_masked_fill_(at::Tensor* self, const at::Tensor* mask, Number value) {
    return guarded("masked_fill_", {self, mask}, [&] { self->masked_fill_(*mask, value.scalar()); });
}
