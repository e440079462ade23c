// Factories. A tensor that requires grad is made first and marked after, as at:: factories do not take the flag.
#include "abi.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

using namespace atorch;

#define FACTORY(NAME)                                                                                             \
    ATORCH int atorch_##NAME(const int64_t* sizes, int32_t rank, int32_t dtype, int32_t device_type,              \
                             int32_t device_index, at::Tensor** result) {                                         \
        return guarded(#NAME, {}, [&] {                                                                           \
            *result = give(at::NAME(ints(sizes, rank), options_of(dtype, device_type, device_index)));            \
        });                                                                                                       \
    }                                                                                                             \
    ATORCH int atorch_##NAME##_like(const at::Tensor* self, int32_t dtype, int32_t device_type,                   \
                                    int32_t device_index, at::Tensor** result) {                                  \
        return guarded(#NAME "_like", {self}, [&] {                                                               \
            *result = give(at::NAME##_like(*self, options_of(dtype, device_type, device_index)));                 \
        });                                                                                                       \
    }

FACTORY(empty)
FACTORY(zeros)
FACTORY(ones)

// Without a dtype: the default one for a real value, int64 or bool for the others (as libtorch infers it).
ATORCH int atorch_full(const int64_t* sizes, int32_t rank, Number value, int32_t dtype, int32_t device_type,
                       int32_t device_index, at::Tensor** result) {
    return guarded("full", {}, [&] {
        *result = give(at::full(ints(sizes, rank), value.scalar(), options_of(dtype, device_type, device_index)));
    });
}

ATORCH int atorch_full_like(const at::Tensor* self, Number value, int32_t dtype, int32_t device_type,
                            int32_t device_index, at::Tensor** result) {
    return guarded("full_like", {self}, [&] {
        *result = give(at::full_like(*self, value.scalar(), options_of(dtype, device_type, device_index)));
    });
}

ATORCH int atorch_eye(int64_t rows, int64_t columns, int32_t dtype, int32_t device_type, int32_t device_index,
                      at::Tensor** result) {
    return guarded("eye", {}, [&] {
        *result = give(at::eye(rows, columns, options_of(dtype, device_type, device_index)));
    });
}

ATORCH int atorch_arange(Number start, Number stop, Number step, int32_t dtype, int32_t device_type,
                         int32_t device_index, at::Tensor** result) {
    return guarded("arange", {}, [&] {
        *result = give(at::arange(start.scalar(), stop.scalar(), step.scalar(), options_of(dtype, device_type, device_index)));
    });
}

ATORCH int atorch_linspace(double start, double end, int64_t steps, int32_t dtype, int32_t device_type,
                           int32_t device_index, at::Tensor** result) {
    return guarded("linspace", {}, [&] {
        *result = give(at::linspace(start, end, steps, options_of(dtype, device_type, device_index)));
    });
}
